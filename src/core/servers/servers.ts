/** The servers of one port of an app, and for every task why it serves or not. */
import { addressOf, type Place } from './addresses.ts';
import { servable, type HealthPolicy } from './health.ts';
import { byCodePoint, type ServerName, type TaskId } from '../model/ids.ts';
import { isIp } from '../labels/address.ts';
import type { App, Task } from '../model/model.ts';
import { serverCookie, serverName, type Digests } from '../model/names.ts';
import type { PolicyRule } from '../policy/policy.ts';
import { endpointOf, type Endpoint } from './ports.ts';
import { serverIds } from './server-ids.ts';
import type { AdminState, Server, ServiceDefinition } from '../model/service.ts';
import { startOf } from '../model/task-start.ts';

/** What servers are derived from, besides app and tasks. */
export interface ServerContext {
  readonly health: HealthPolicy;
  readonly digests: Digests;
  /** The address of an agent's host name, if it is known. */
  readonly resolve: (host: string) => string | undefined;
  /** The task that an address belongs to, if Marathon lists several with it. */
  readonly holderOf?: (address: string) => Pick<Place, 'appId' | 'taskId'> | undefined;
}

/** Why a task is a server, or is not. */
export interface TaskDecision {
  readonly taskId: TaskId;
  readonly admin: AdminState | 'out';
  readonly server: ServerName | undefined;
  readonly reason: string;
}

/** Tasks that a deployment drains, and the reason to show. */
export interface Drained {
  readonly tasks: ReadonlySet<TaskId>;
  readonly reason: string;
}

/** Limits of the servers of one service. */
export interface ServerOptions {
  readonly drained?: Drained | undefined;
  /** How many servers the service may have, and the prefix for which the policy says so. */
  readonly limit?: PolicyRule<'maxServers'> | undefined;
}

interface Candidate {
  readonly taskId: TaskId;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly leaving: string | undefined;
  readonly checkPort?: number;
}

/** Derives the servers. @param apps several for a deployment group */
export function deriveServers(
  apps: readonly App[],
  { portIndex, check }: Pick<ServiceDefinition, 'portIndex' | 'check'>,
  context: ServerContext,
  { drained, limit }: ServerOptions = {},
): { servers: Server[]; tasks: TaskDecision[]; beyond: boolean } {
  const tasks: TaskDecision[] = [];
  const candidates: Candidate[] = [];
  for (const app of apps) {
    for (const task of app.tasks) {
      const found = candidateOf(app, task, portIndex, context);
      if (typeof found === 'string')
        tasks.push({ taskId: task.id, admin: 'out', server: undefined, reason: found });
      else candidates.push(withCheckPort(found, endpointOf(app, task, check?.portIndex ?? portIndex)));
    }
  }

  candidates.sort(
    (a, b) => byCodePoint(a.host, b.host) || a.port - b.port || byCodePoint(a.taskId, b.taskId),
  );
  const beyond = limit === undefined ? new Set<Candidate>() : beyondOf(candidates, limit.value);
  for (const { taskId } of beyond) {
    const reason = `the policy for ${limit?.prefix ?? ''} allows the service ${limit?.value ?? 0} servers`;
    tasks.push({ taskId, admin: 'out', server: undefined, reason });
  }
  const allowed = candidates.filter((it) => !beyond.has(it));
  // If these are the last servers of a service, they are not drained: until they are gone they are better than an error
  // page.
  const canDrain = allowed.some(
    ({ leaving, taskId }) => leaving === undefined && drained?.tasks.has(taskId) !== true,
  );
  const decide = ({ taskId, leaving }: Candidate): Pick<TaskDecision, 'reason'> & Pick<Server, 'admin'> => {
    const isDrained = drained?.tasks.has(taskId) === true;
    const why = isDrained ? drained.reason : leaving;
    if (why === undefined) return { admin: 'ready', reason: 'the task serves' };
    return canDrain
      ? { admin: isDrained ? 'maint' : 'drain', reason: why }
      : { admin: 'ready', reason: `${why}, but it is the last that serves` };
  };
  const idOf = serverIds(context.digests);
  const byName = new Map<ServerName, Server>();
  for (const candidate of allowed) {
    const name = serverName(candidate.host, candidate.address, candidate.port);
    const twin = byName.get(name);
    if (twin !== undefined) {
      tasks.push({
        taskId: candidate.taskId,
        admin: 'out',
        server: undefined,
        reason: `task ${twin.taskId} has the same address and port`,
      });
      continue;
    }
    const id = idOf(name);
    const { admin: admin, reason } = decide(candidate);
    const { taskId, host, address, port } = candidate;
    byName.set(name, {
      name,
      id,
      taskId,
      host,
      address,
      port,
      cookie: serverCookie(name, context.digests),
      admin: admin,
      ...(candidate.checkPort === undefined ? {} : { checkPort: candidate.checkPort }),
    });
    tasks.push({ taskId, admin: admin, server: name, reason });
  }
  return { servers: [...byName.values()], tasks, beyond: beyond.size > 0 };
}

/** The candidates that exceed the limit. Tasks that are ending are dropped first. */
function beyondOf(candidates: readonly Candidate[], most: number): Set<Candidate> {
  if (candidates.length <= most) return new Set();
  const stays = candidates.filter(({ leaving }) => leaving === undefined);
  const leaves = candidates.filter(({ leaving }) => leaving !== undefined);
  return new Set([...stays, ...leaves].slice(most));
}

/** Adds another port of the task to check. If that has another address, or is not known, the own port is checked. */
function withCheckPort(candidate: Candidate, checked: Endpoint): Candidate {
  const { host, port } = candidate;
  return checked.kind === 'endpoint' && checked.host === host && checked.port !== port
    ? { ...candidate, checkPort: checked.port }
    : candidate;
}

/** The task as a server, or why it is not one. */
export function candidateOf(
  app: App,
  task: Task,
  index: number,
  { health, resolve, holderOf }: Pick<ServerContext, 'health' | 'resolve' | 'holderOf'>,
): Candidate | string {
  const verdict = servable(app, task, health);
  if (verdict.kind === 'out') return verdict.reason;
  const endpoint = endpointOf(app, task, index);
  if (endpoint.kind === 'none') return endpoint.reason;
  const { host, port } = endpoint;
  const address = isIp(host) ? host : resolve(host);
  if (address === undefined) return `the agent's host name ${host} has no known address`;
  const holder = holderOf?.(addressOf(address, port));
  if (holder !== undefined && holder.taskId !== task.id && startOf(task) !== -Infinity)
    return `its address belongs to task ${holder.taskId} of ${holder.appId}, which started later`;
  const leaving = verdict.kind === 'leaving' ? verdict.reason : undefined;
  return { taskId: task.id, host, address, port, leaving };
}
