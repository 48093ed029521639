/**
 * Decides which services fit into HAProxy's file descriptors. A reload that needs more than the limit fails completely,
 * and `haproxy -c` does not detect it. So what does not fit is left out, server by server.
 */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { BackendName, TaskId } from '../model/ids.ts';
import { checksServers, type Server, type Service } from '../model/service.ts';

/** HAProxy's file descriptors. */
export interface DescriptorBudget {
  /** The hard limit of open files of the HAProxy process. */
  readonly limit: number;
  readonly maxconn: number;
  /** Listeners that exist without any service. */
  readonly ownListeners: number;
  /** Reserved for servers that are added at runtime. */
  readonly headroom: number;
}

/** How many descriptors are reserved for servers that are added at runtime. */
export function headroomOf(limit: number, maxconn: number): number {
  return Math.max(0, Math.min(2000, Math.floor((limit - 2 * maxconn) / 4)));
}

/**
 * HAProxy needs some for itself, besides connections, checks and listeners; a few more are left free. Observed: "Cannot
 * raise FD limit to 25040" = 2 * 5000 + 15000 checked servers + 40.
 */
const reserve = 64;

/** The descriptors of one service: one per server and slot with a check, and one for its listener. */
export function descriptorsOf({ definition, servers }: Service): number {
  const { listens, slots } = definition;
  return (listens ? 1 : 0) + (checksServers(definition) ? servers.length + slots : 0);
}

/** The descriptors of all these services. */
export function descriptorsOfAll(services: Iterable<Service>): number {
  let sum = 0;
  for (const service of services) sum += descriptorsOf(service);
  return sum;
}

/** Descriptors left for checks and listeners, after all of these services. */
export function descriptorsLeft(services: Iterable<Service>, budget: DescriptorBudget): number {
  let left = forServices(budget);
  for (const service of services) left -= descriptorsOf(service);
  return left;
}

const forServices = ({ limit, maxconn, ownListeners, headroom }: DescriptorBudget): number =>
  limit - 2 * maxconn - ownListeners - headroom - reserve;

/** A service of which not all servers fit. */
export interface Crowded {
  readonly diagnostic: Diagnostic;
  /** The tasks whose servers fit; empty if nothing of the service fits. */
  readonly fits: ReadonlySet<TaskId>;
}

/**
 * The services that do not fit completely. What HAProxy serves already comes first: neither a new service nor a growing
 * one takes a server from another.
 * @param served what HAProxy serves, as far as that is known
 */
export function overCapacity(
  services: Iterable<Service>,
  served: ServedNow,
  budget: DescriptorBudget,
): Map<BackendName, Crowded> {
  let left = forServices(budget);
  const fitting = new Map<Service, Set<TaskId>>();
  const all = [...services];
  /** Gives the service as many of these servers as fit. The first one also needs the listener. */
  const give = (service: Service, servers: readonly Server[]) => {
    const { definition } = service;
    const fits = fitting.get(service) ?? new Set();
    const fixed = fitting.has(service) ? 0 : descriptorsOf({ definition, servers: [] });
    const each = checksServers(definition) ? 1 : 0;
    if (left < fixed || (servers.length > 0 && left < fixed + each)) return;
    const given = each === 0 ? servers : servers.slice(0, left - fixed);
    for (const { taskId } of given) fits.add(taskId);
    fitting.set(service, fits);
    left -= fixed + each * given.length;
  };
  for (const service of all) {
    const now = served(service.definition.backend);
    if (now !== 'no') give(service, now === 'yes' ? service.servers : keptServers(service, now));
  }
  const leftForMore = Math.max(0, left);
  for (const service of all) {
    const fits = fitting.get(service);
    const more = service.servers.filter(({ taskId }) => fits?.has(taskId) !== true);
    if (fits === undefined || more.length > 0) give(service, more);
  }
  const crowded = new Map<BackendName, Crowded>();
  for (const service of all) {
    const fits = fitting.get(service) ?? new Set();
    if (fitting.has(service) && fits.size === service.servers.length) continue;
    crowded.set(service.definition.backend, {
      diagnostic: doesNotFit(service, fits, leftForMore, budget),
      fits,
    });
  }
  return crowded;
}

/** What HAProxy serves of a backend: its servers, or only whether it has such a backend. */
export type ServedNow = (backend: BackendName) => Service | 'yes' | 'no';

function keptServers({ servers }: Service, now: Service): Server[] {
  const has = new Set(now.servers.map(({ name }) => name));
  return servers.filter(({ name }) => has.has(name));
}

function doesNotFit(
  service: Service,
  fits: ReadonlySet<TaskId>,
  left: number,
  { limit, maxconn }: DescriptorBudget,
): Diagnostic {
  const { definition, servers } = service;
  const { appId, portIndex } = definition;
  const needed = descriptorsOf(service);
  return {
    code: 'DESCRIPTORS_SHORT',
    severity: 'error',
    appId,
    portIndex,
    reason: `its ${servers.length} servers need ${needed} file descriptors, but HAProxy has ${left} left of ${limit}; ${fits.size} of them serve`,
    remedy: `raise the limit of open files (ulimit -n), or lower maxconn (${maxconn})`,
  };
}
