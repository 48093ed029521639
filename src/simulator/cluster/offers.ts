/** Why an agent's offer does not fit an app: its resources, its roles and its constraints. */
import { listOf, numberOf, objectOf } from '../definitions/json.ts';
import type { RunSpec } from '../definitions/spec.ts';
import type { Agent } from './agents.ts';
import { isWanted } from './instance.ts';
import type { World } from './world.ts';

/** [marathon] core/task/... NoOfferMatchReason, in the order in which offers are judged. */
export const rejectReasons = [
  'UnfulfilledRole',
  'UnfulfilledConstraint',
  'InsufficientCpus',
  'InsufficientMemory',
  'InsufficientDisk',
  'InsufficientGpus',
  'InsufficientPorts',
] as const;

export type RejectReason = (typeof rejectReasons)[number];

/** What each agent offers; tasks do not use it up. */
const offered = { cpus: 32, mem: 262_144, disk: 1_048_576, gpus: 0 };

/** @returns undefined where it fits, as far as it has the ports */
export function rejection(world: World, spec: RunSpec, agent: Agent): RejectReason | undefined {
  const { scheduling } = spec.definition;
  const placement = objectOf(objectOf(scheduling)['placement']);
  const roles = spec.definition['acceptedResourceRoles'] ?? placement['acceptedResourceRoles'];
  if (Array.isArray(roles) && !roles.includes('*')) return 'UnfulfilledRole';
  const constraints = spec.kind === 'app' ? spec.definition['constraints'] : placement['constraints'];
  if (!listOf(constraints).every((item) => holds(world, spec, agent, item))) return 'UnfulfilledConstraint';
  const wanted = resourcesOf(spec);
  if (wanted.cpus > offered.cpus) return 'InsufficientCpus';
  if (wanted.mem > offered.mem) return 'InsufficientMemory';
  if (wanted.disk > offered.disk) return 'InsufficientDisk';
  if (wanted.gpus > offered.gpus) return 'InsufficientGpus';
  const ports = spec.containers.flatMap((it) => it.ports.filter(({ hostPort }) => hostPort !== undefined));
  return ports.length > world.agents.portsEach ? 'InsufficientPorts' : undefined;
}

function resourcesOf({ kind, definition }: RunSpec) {
  const parts =
    kind === 'app'
      ? [definition]
      : listOf(definition['containers']).map((item) => objectOf(objectOf(item)['resources']));
  const sum = (name: string) => parts.reduce((all, part) => all + numberOf(part[name], 0), 0);
  return { cpus: sum('cpus'), mem: sum('mem'), disk: sum('disk'), gpus: sum('gpus') };
}

/** An app writes a constraint as a list, a pod as an object. */
function wordsOf(constraint: unknown): readonly (string | undefined)[] {
  if (Array.isArray(constraint)) return constraint.map(String);
  const { fieldName, operator, value } = objectOf(constraint);
  return [fieldName, operator, value].map((word) => (typeof word === 'string' ? word : undefined));
}

function holds(world: World, spec: RunSpec, agent: Agent, constraint: unknown): boolean {
  const [field = '', operator, value] = wordsOf(constraint);
  const actual = attributesOf(agent).get(field);
  // [marathon] What an agent does not have is unlike everything, and like nothing.
  if (actual === undefined) return operator === 'UNLIKE';
  const others = (): number =>
    world.registry
      .instancesOf(spec.id)
      .filter((it) => it.agent && isWanted(it) && attributesOf(it.agent).get(field) === actual).length;
  switch (operator) {
    case 'CLUSTER':
    case 'IS':
      return value === undefined || value === actual;
    case 'LIKE':
      return new RegExp(`^(?:${value ?? ''})$`).test(actual);
    case 'UNLIKE':
      return !new RegExp(`^(?:${value ?? ''})$`).test(actual);
    case 'UNIQUE':
      return others() === 0;
    case 'MAX_PER':
      return others() < Number(value);
    default:
      return true;
  }
}

const attributesOf = ({ host }: Agent): ReadonlyMap<string, string> =>
  new Map([
    ['hostname', host],
    ['@hostname', host],
    ['@region', 'local'],
    ['@zone', 'loopback'],
  ]);

/** How many of the agents decline the app for each reason. */
export function rejections(world: World, spec: RunSpec): ReadonlyMap<RejectReason, number> {
  const counts = new Map<RejectReason, number>();
  for (const agent of world.agents.all()) {
    const reason = rejection(world, spec, agent);
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}
