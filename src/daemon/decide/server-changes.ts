/**
 * The servers of apps that changed, for the backends HAProxy has now. A server whose task is gone is removed even while
 * a reload, a refusal or a missing file makes everything else wait. The work is proportional to what changed.
 */
import { descriptorsOf } from '../../core/policy/capacity.ts';
import { withPartners } from '../../core/desired/derive-changed.ts';
import { asRejected, rejectionOf, type Desired } from '../../core/desired/desired.ts';
import type { AppId, BackendName, TaskId } from '../../core/model/ids.ts';
import { withReplaced } from '../../core/collections/replaced-map.ts';
import { withDefinition } from '../../core/services/with-definition.ts';
import type { Service } from '../../core/model/service.ts';
import type { Applied } from './applied.ts';

/** The services whose servers are to be brought to HAProxy. */
export interface ServerChanges {
  readonly services: readonly Service[];
  /** Backend → the service as HAProxy was last given it. */
  readonly known: ReadonlyMap<BackendName, Service>;
  /** Backends whose new servers need more file descriptors than HAProxy has left. They take a reload. */
  readonly crowded: readonly BackendName[];
  /** File descriptors that are left afterwards. */
  readonly descriptorsLeft: number;
}

/** What `serverChanges` decides from. */
export interface ChangesInput {
  readonly applied: Applied;
  readonly desired: Desired;
  readonly pending: ReadonlySet<AppId>;
  /** Apps whose model is out of date, because they could not be derived. */
  readonly underived: ReadonlySet<AppId>;
  /** The tasks of a service that Marathon lists and that may serve. */
  readonly listed: (service: Service) => ReadonlySet<TaskId>;
}

/** The services of pending apps whose servers differ from what was applied. */
export function serverChanges({ applied, desired, pending, underived, listed }: ChangesInput): ServerChanges {
  const services: Service[] = [];
  const known = new Map<BackendName, Service>();
  const crowded: BackendName[] = [];
  let { descriptorsLeft } = applied;
  const ids = new Set([
    ...withPartners(applied.desired, [...pending]),
    ...withPartners(desired, [...pending]),
  ]);
  const asked = askedServices(desired, ids);
  for (const backend of new Set([...asked.keys(), ...askedServices(applied.desired, ids).keys()])) {
    const before = applied.served.services.get(backend);
    // HAProxy has no such backend, or it carries another app's service.
    if (before === undefined || !ids.has(before.definition.appId)) continue;
    const next = nextOf(before, asked.get(backend), applied.served, underived, listed);
    const isCrowded = descriptorsOf(next) - descriptorsOf(before) > Math.max(0, descriptorsLeft);
    if (isCrowded) crowded.push(backend);
    const after = isCrowded ? { ...next, servers: withoutNew(next, before) } : next;
    if (after === before || sameServers(after, before)) continue;
    descriptorsLeft -= descriptorsOf(after) - descriptorsOf(before);
    services.push(after);
    known.set(backend, before);
  }
  return { services, known, crowded, descriptorsLeft };
}

function askedServices({ apps }: Desired, ids: ReadonlySet<AppId>): Map<BackendName, Service> {
  const found = new Map<BackendName, Service>();
  for (const id of ids)
    for (const { service } of apps.get(id)?.ports ?? [])
      if (service !== undefined) found.set(service.definition.backend, service);
  return found;
}

/** The service as it can be before a reload: the definition HAProxy has, with the present servers. */
function nextOf(
  before: Service,
  asked: Service | undefined,
  { rejected }: Desired,
  underived: ReadonlySet<AppId>,
  listed: ChangesInput['listed'],
): Service {
  const { definition } = before;
  if (asked === undefined || underived.has(definition.appId)) {
    const tasks = listed(before);
    const servers = before.servers.filter(({ taskId }) => tasks.has(taskId));
    return servers.length === before.servers.length ? before : { definition, servers };
  }
  const service = asRejected(asked, rejectionOf(asked, rejected));
  return service.definition === definition ? service : withDefinition(service, definition);
}

const withoutNew = (next: Service, before: Service) => {
  const names = new Set(before.servers.map(({ name }) => name));
  return next.servers.filter(({ name }) => names.has(name));
};

const sameServers = (a: Service, b: Service): boolean =>
  a.servers.length === b.servers.length && a.servers.every((server, i) => server === b.servers[i]);

/** What HAProxy serves after these services have been brought to it. */
export function withServices(served: Desired, services: readonly Service[]): Desired['services'] {
  return withReplaced(
    served.services,
    new Map(services.map((service) => [service.definition.backend, service])),
  );
}
