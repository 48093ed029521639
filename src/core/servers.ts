/** The servers of one port of an app, and for every task the reason why it is in or out. */
import { servable, type HealthPolicy } from './health.ts';
import { byCodePoint, type ServerName, type TaskId } from './ids.ts';
import { isIp } from './labels/address.ts';
import type { App } from './model.ts';
import { serverCookie, serverId, serverName, type Digests } from './names.ts';
import { endpointOf } from './ports.ts';
import type { Server } from './service.ts';

export interface ServerContext {
  readonly health: HealthPolicy;
  readonly digests: Digests;
  /** The address of an agent's host name, if it is known. */
  readonly resolve: (host: string) => string | undefined;
}

/** Why a task is or is not a server. */
export interface TaskDecision {
  readonly taskId: TaskId;
  readonly admission: 'ready' | 'drain' | 'out';
  readonly server: ServerName | undefined;
  readonly reason: string;
}

interface Candidate {
  readonly taskId: TaskId;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly leaving: string | undefined;
}

export function deriveServers(
  app: App,
  index: number,
  context: ServerContext,
): { servers: Server[]; tasks: TaskDecision[] } {
  const tasks: TaskDecision[] = [];
  const candidates: Candidate[] = [];
  for (const task of app.tasks) {
    const out = (reason: string) =>
      tasks.push({ taskId: task.id, admission: 'out', server: undefined, reason });
    const verdict = servable(app, task, context.health);
    if (verdict.kind === 'out') {
      out(verdict.reason);
      continue;
    }
    const endpoint = endpointOf(app, task, index);
    if (endpoint.kind === 'none') {
      out(endpoint.reason);
      continue;
    }
    const address = isIp(endpoint.host) ? endpoint.host : context.resolve(endpoint.host);
    if (address === undefined) {
      out(`the agent's host name ${endpoint.host} has no known address`);
      continue;
    }
    candidates.push({
      taskId: task.id,
      host: endpoint.host,
      address,
      port: endpoint.port,
      leaving: verdict.kind === 'leaving' ? verdict.reason : undefined,
    });
  }

  candidates.sort(
    (a, b) => byCodePoint(a.host, b.host) || a.port - b.port || byCodePoint(a.taskId, b.taskId),
  );
  // The last servers of a service are not drained: until they are gone they serve better than an error page.
  const canDrain = candidates.some((candidate) => candidate.leaving === undefined);
  const ids = new Set<number>();
  const byName = new Map<ServerName, Server>();
  for (const candidate of candidates) {
    const name = serverName(candidate.host, candidate.address, candidate.port);
    const twin = byName.get(name);
    if (twin !== undefined) {
      tasks.push({
        taskId: candidate.taskId,
        admission: 'out',
        server: undefined,
        reason: `task ${twin.taskId} has the same address and port`,
      });
      continue;
    }
    const id = serverId(name, ids, context.digests);
    ids.add(id);
    const admission = candidate.leaving !== undefined && canDrain ? 'drain' : 'ready';
    const { taskId, address, port } = candidate;
    byName.set(name, {
      name,
      id,
      taskId,
      address,
      port,
      cookie: serverCookie(name, context.digests),
      admission,
    });
    tasks.push({ taskId, admission, server: name, reason: reasonOf(candidate.leaving, canDrain) });
  }
  return { servers: [...byName.values()], tasks };
}

function reasonOf(leaving: string | undefined, canDrain: boolean): string {
  if (leaving === undefined) return 'the task serves';
  return canDrain ? leaving : `${leaving}, but it is the last that serves`;
}
