/**
 * What a change would take away from what HAProxy serves, though Marathon still lists it: whatever the cause, so much
 * at once is more likely a mistake than meant. What Marathon itself no longer lists is the removal guard's business.
 */
import type { Desired } from '../../core/desired/desired.ts';
import type { AppId, BackendName, TaskId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { servingTasks, type ServingContext } from '../../core/servers/serving.ts';
import type { Service } from '../../core/model/service.ts';

export interface Loss {
  readonly servers: number;
  /** Apps that would be left without a server. */
  readonly apps: number;
  readonly of: { readonly servers: number; readonly apps: number };
}

export interface LossLimits {
  /** The share of servers, or of apps, that may go at once, 0 to 1; 1 lets everything through. */
  readonly maxShare: number;
  /** So many servers may always go, unless nothing would be left. */
  readonly floor: number;
}

export function isTooMuch({ servers, apps, of }: Loss, { maxShare, floor }: LossLimits): boolean {
  const least = servers === of.servers ? 0 : floor;
  return servers > least && (servers > of.servers * maxShare || apps > of.apps * maxShare);
}

type Services = ReadonlyMap<BackendName, Service>;

/** @param listed the tasks of a service that Marathon lists as ones that may serve */
export function lossOf(
  served: Services,
  next: Services,
  listed: (service: Service) => ReadonlySet<TaskId>,
): Loss {
  let servers = 0;
  let of = 0;
  const before = new Set<AppId>();
  const after = new Set<AppId>();
  for (const [backend, service] of served) {
    of += service.servers.length;
    if (service.servers.length === 0) continue;
    before.add(service.definition.name);
    const now = next.get(backend);
    if (now === service) continue;
    const kept = new Set(now?.servers.map(({ name }) => name));
    const lost = service.servers.filter(({ name }) => !kept.has(name));
    if (lost.length === 0) continue;
    const known = listed(service);
    servers += lost.filter(({ taskId }) => known.has(taskId)).length;
  }
  for (const { definition, servers: has } of next.values()) if (has.length > 0) after.add(definition.name);
  const gone = servers === 0 ? 0 : [...before].filter((name) => !after.has(name)).length;
  return { servers, apps: gone, of: { servers: of, apps: before.size } };
}

/**
 * The same right after a start, when nothing is known of what HAProxy serves but its backends.
 * @param running backend → how many servers HAProxy has in it
 */
export function lossOfUnknown(running: ReadonlyMap<BackendName, number>, next: Services): Loss {
  let servers = 0;
  let apps = 0;
  let of = 0;
  for (const [backend, count] of running) {
    of += count;
    if ((next.get(backend)?.servers.length ?? 0) > 0) continue;
    servers += count;
    apps += 1;
  }
  return { servers, apps, of: { servers: of, apps: running.size } };
}

/** The tasks of a service that Marathon lists as ones that may serve: those of its app, or of its deployment group. */
export function listedTasks(
  mirror: ReadonlyMap<AppId, App>,
  { groups }: Pick<Desired, 'groups'>,
  context: ServingContext,
): (service: Service) => ReadonlySet<TaskId> {
  return ({ definition: { name, appId } }) => {
    const apps = new Set([appId, ...(groups.get(name) ?? [])]);
    return new Set([...apps].flatMap((id) => servingTasks(mirror.get(id), context).map((task) => task.id)));
  };
}
