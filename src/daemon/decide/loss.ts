/**
 * What a change would remove from HAProxy although Marathon still lists it. Whatever the cause, a large loss at once is
 * more likely a mistake than intended. What Marathon itself no longer lists is the removal guard's business.
 */
import type { Desired } from '../../core/desired/desired.ts';
import type { AppId, BackendName, TaskId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { servingTasks, type ServingContext } from '../../core/servers/serving.ts';
import type { Service } from '../../core/model/service.ts';

/** The size of a loss, and what there is now. */
export interface Loss {
  readonly servers: number;
  /** Apps that would have no server left. */
  readonly apps: number;
  readonly of: { readonly servers: number; readonly apps: number };
}

/** How much may be removed at once. */
export interface LossLimits {
  /** The share of servers, or of apps, that may be removed at once, 0 to 1. With 1 nothing is withheld. */
  readonly maxShare: number;
  /** This many servers may always be removed, unless none would be left. */
  readonly floor: number;
}

/** Whether a loss exceeds the limits, so that it must be confirmed or approved. */
export function isTooMuch({ servers, apps, of }: Loss, { maxShare, floor }: LossLimits): boolean {
  const least = servers === of.servers ? 0 : floor;
  return servers > least && (servers > of.servers * maxShare || apps > of.apps * maxShare);
}

type Services = ReadonlyMap<BackendName, Service>;

/**
 * The loss from `services` as served to the next ones.
 * @param listed the tasks of a service that Marathon lists and that may serve
 */
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
 * The loss right after a start, when only HAProxy's backends are known.
 * @param running backend → number of servers HAProxy has in it
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

/** The tasks that Marathon lists and that may serve, of the service's app or of its deployment group. */
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
