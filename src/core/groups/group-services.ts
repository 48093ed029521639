/** Derives the apps of one deployment group together. The services belong to the app whose labels count. */
import { keepService, withMore, type AppServices, type PortOutcome } from '../services/app-services.ts';
import type { AppDefinition, PortDefinition } from '../services/definition.ts';
import {
  byAge,
  crowded,
  drainedTasks,
  sidesOf,
  type Member,
  type Sides,
  type Standing,
} from '../services/deployment.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { protectedLike } from './group-security.ts';
import type { AppId, TaskId } from '../model/ids.ts';
import { ruleFor } from '../policy/policy.ts';
import { tooManyServers } from '../policy/policy-violations.ts';
import { keepSame } from '../collections/same.ts';
import { candidateOf, deriveServers, type Drained, type ServerContext } from '../servers/servers.ts';
import type { ServiceDefinition } from '../model/service.ts';

/** A member with its definition. */
export interface GroupMember extends Member {
  readonly definition: AppDefinition;
  readonly previous: AppServices | undefined;
}

/** @param members the app that had the group first comes first */
export function deriveGroup(members: readonly GroupMember[], context: ServerContext): AppServices[] {
  const [first, second, ...others] = [...members].sort(byAge);
  if (first === undefined) return [];
  const sides = second === undefined ? undefined : sidesOf(first, second);
  const { old, fresh } = sides ?? { old: first, fresh: undefined };
  const pair = fresh === undefined ? [old] : [old, fresh];
  const drained = sides && drainedOf(sides, context);
  const outcomes = new Map<AppId, PortOutcome[]>(pair.map(({ app }) => [app.id, []]));
  const notices = collector();
  const count = Math.max(...pair.map(({ definition }) => definition.ports.length));
  for (let index = 0; index < count; index++) {
    const founders = members.filter((member) => pair.includes(member));
    const { leader, definition, alone } = leaderOf(old, fresh, index, founders);
    const port = leader.definition.ports[index];
    // A port that a member's own labels do not expose is not exposed by the other's labels either.
    const apps = pair
      .filter(
        (member) => member === leader || (!alone && member.definition.ports[index]?.kind !== 'not-exposed'),
      )
      .map(({ app }) => app);
    const limit = ruleFor(leader.definition.policy, leader.app.id, 'maxServers');
    const result =
      definition === undefined ? undefined : deriveServers(apps, definition, context, { drained, limit });
    if (result?.beyond === true && limit !== undefined) {
      const about = { appId: leader.app.id, portIndex: index };
      notices.add(leader.app.id, tooManyServers(about, limit));
    }
    if (alone)
      for (const { app } of pair)
        if (app !== leader.app) notices.add(app.id, cannotShare(app.id, index, leader));
    const before = serviceBefore(pair, index);
    for (const { app, definition: own } of pair) {
      if (own.ports[index] === undefined) continue;
      const ids = new Set(app.tasks.map(({ id }) => id));
      const tasks = (result?.tasks ?? []).filter(({ taskId }) => ids.has(taskId));
      const isLeader = app === leader.app;
      const service =
        isLeader && definition !== undefined && result !== undefined
          ? keepService(before, keepSame(before?.definition, definition), result.servers)
          : undefined;
      const reason = service === undefined ? whyNoService(port, leader, isLeader) : '';
      outcomes.get(app.id)?.push({ portIndex: index, service, reason, tasks });
    }
  }
  return [
    ...pair.map((member) => servicesOf(member, outcomes.get(member.app.id) ?? [], notices.of(member.app.id))),
    ...others.map((member) => leftOut(member, pair)),
  ];
}

interface Led {
  readonly leader: GroupMember;
  /** The leader's definition, as strict as every member's; undefined if its port is not exposed. */
  readonly definition: ServiceDefinition | undefined;
  /** No definition protects both as they ask for, so the other app's tasks are not served. */
  readonly alone: boolean;
}

const portOf = ({ definition }: GroupMember, index: number) => definition.ports[index];

function exposedBy(member: GroupMember | undefined, index: number): ServiceDefinition | undefined {
  const port = member && portOf(member, index);
  return port?.kind === 'exposed' ? port.definition : undefined;
}

/** The old app's port, or if that is rejected the new app's. */
const isExposed = (old: GroupMember, fresh: GroupMember, index: number): boolean =>
  exposedBy(old, index) !== undefined ||
  (portOf(old, index)?.kind === 'rejected' && exposedBy(fresh, index) !== undefined);

/**
 * The old app's labels count; where its port is rejected for a mistake, or cannot be protected as the other's is,
 * the new app's do.
 *
 * @param founders of the pair, the one that had the group first comes first
 */
function leaderOf(
  old: GroupMember,
  fresh: GroupMember | undefined,
  index: number,
  founders: readonly GroupMember[],
): Led {
  const leads = fresh !== undefined && exposedBy(old, index) === undefined && isExposed(old, fresh, index);
  const protectors = founders.flatMap((member) => exposedBy(member, index) ?? []);
  for (const leader of leads ? [fresh] : [old, ...founders]) {
    const own = exposedBy(leader, index);
    if (own === undefined) return { leader, definition: undefined, alone: false };
    const definition = protectedLike(own, protectors);
    if (definition !== undefined) return { leader, definition, alone: false };
  }
  const [leader = old] = founders;
  return { leader, definition: exposedBy(leader, index), alone: true };
}

function serviceBefore(pair: readonly GroupMember[], index: number) {
  return pair.flatMap(({ previous }) => previous?.ports[index]?.service ?? [])[0];
}

function collector() {
  const all = new Map<AppId, Diagnostic[]>();
  const of = (appId: AppId): readonly Diagnostic[] => all.get(appId) ?? [];
  return { of, add: (appId: AppId, found: Diagnostic) => all.set(appId, [...of(appId), found]) };
}

const cannotShare = (appId: AppId, portIndex: number, { app, deployment }: GroupMember): Diagnostic => ({
  ...({ code: 'GROUP_CLOSED', severity: 'error', appId, portIndex } as const),
  label: 'HAPROXY_DEPLOYMENT_GROUP',
  reason: `${app.id} of the deployment group ${deployment.group} is protected in another way, and no service can be both, so the tasks of this app get no traffic`,
  remedy: `give both apps the same HAPROXY_${portIndex}_AUTH, HAPROXY_${portIndex}_BACKEND_NETWORK_ALLOWED_ACL and HAPROXY_${portIndex}_BIND_OPTIONS`,
});

function whyNoService(
  port: PortDefinition | undefined,
  { app, deployment }: GroupMember,
  own: boolean,
): string {
  if (port?.kind === 'exposed') return `served with ${app.id}, as deployment group ${deployment.group}`;
  if (port === undefined) return `${app.id} of the same deployment group has no port with this index`;
  return own ? port.reason : `${app.id} of the same deployment group decides: ${port.reason}`;
}

function drainedOf(sides: Sides<GroupMember>, context: ServerContext): Drained {
  const { old, fresh } = sides;
  const exposed = old.definition.ports.flatMap(({ portIndex }) =>
    isExposed(old, fresh, portIndex) ? [portIndex] : [],
  );
  // The tasks of the new app must be known to be healthy, whatever the settings require of other servers.
  const strict = { ...context, health: { ...context.health, respectHealth: true } };
  const standings = new Map<TaskId, Standing>();
  const judge = ({ app, definition }: GroupMember, how: ServerContext) => {
    for (const task of app.tasks) {
      const found = exposed.map((index) =>
        definition.ports[index]?.kind === 'not-exposed'
          ? 'the port is not exposed'
          : candidateOf(app, task, index, how),
      );
      const isOut = found.length === 0 || found.some((it) => typeof it === 'string');
      const isLeaving = found.some((it) => typeof it !== 'string' && it.leaving !== undefined);
      standings.set(task.id, isOut ? 'out' : isLeaving ? 'leaving' : 'serving');
    }
  };
  judge(old, context);
  judge(fresh, strict);
  return {
    tasks: drainedTasks(sides, (id) => standings.get(id) ?? 'out'),
    reason: `drained for a healthy task of ${fresh.app.id}`,
  };
}

function servicesOf(
  { app, definition, previous }: GroupMember,
  ports: readonly PortOutcome[],
  more: readonly Diagnostic[],
): AppServices {
  return { app, definition, ports, diagnostics: withMore(definition, more, previous) };
}

function leftOut(member: GroupMember, pair: readonly GroupMember[]): AppServices {
  const { app, definition, deployment } = member;
  const reason = `the deployment group ${deployment.group} has two apps already`;
  const ports = definition.ports.map(({ portIndex }): PortOutcome => ({
    portIndex,
    service: undefined,
    reason,
    tasks: [],
  }));
  return { app, definition, ports, diagnostics: [...definition.diagnostics, crowded(member, pair)] };
}
