/**
 * Which services fit into HAProxy's file descriptors. A reload that would need more than the limit fails
 * as a whole, and `haproxy -c` does not see it; so what does not fit is held back, service by service.
 */
import type { Diagnostic } from './diagnostic.ts';
import type { BackendName } from './ids.ts';
import { checksServers, type Service } from './service.ts';

export interface DescriptorBudget {
  /** The hard limit of open files of the HAProxy process. */
  readonly limit: number;
  readonly maxconn: number;
  /** Listeners that are there without any service. */
  readonly ownListeners: number;
  /** Kept for servers that are added while HAProxy runs. */
  readonly headroom: number;
}

/** How many descriptors are kept for servers that are added while HAProxy runs. */
export function headroomOf(limit: number, maxconn: number): number {
  return Math.max(0, Math.min(2000, Math.floor((limit - 2 * maxconn) / 4)));
}

/**
 * Beside connections, checks and listeners, HAProxy keeps some for itself; a little more is left free.
 * Observed: "Cannot raise FD limit to 25040" = 2 * 5000 + 15000 checked servers + 40.
 */
const reserve = 64;

/** What one service takes: one for each server and slot with a check, one for its listener. */
export function descriptorsOf({ definition, servers }: Service): number {
  const { listens, slots } = definition;
  return (listens ? 1 : 0) + (checksServers(definition) ? servers.length + slots : 0);
}

export function descriptorsOfAll(services: Iterable<Service>): number {
  let sum = 0;
  for (const service of services) sum += descriptorsOf(service);
  return sum;
}

/** What checks and listeners may still take, all of these services served. */
export function descriptorsLeft(services: Iterable<Service>, budget: DescriptorBudget): number {
  let left = forServices(budget);
  for (const service of services) left -= descriptorsOf(service);
  return left;
}

const forServices = ({ limit, maxconn, ownListeners, headroom }: DescriptorBudget): number =>
  limit - 2 * maxconn - ownListeners - headroom - reserve;

/** The services that do not fit. Those that serve already come first, then the order given. */
export function overCapacity(
  services: Iterable<Service>,
  serving: ReadonlySet<BackendName>,
  budget: DescriptorBudget,
): Map<BackendName, Diagnostic> {
  let left = forServices(budget);
  const held = new Map<BackendName, Diagnostic>();
  const all = [...services];
  const inOrder = [
    ...all.filter(({ definition }) => serving.has(definition.backend)),
    ...all.filter(({ definition }) => !serving.has(definition.backend)),
  ];
  for (const service of inOrder) {
    const needed = descriptorsOf(service);
    if (needed <= left) left -= needed;
    else held.set(service.definition.backend, doesNotFit(service, needed, left, budget));
  }
  return held;
}

function doesNotFit(
  { definition, servers }: Service,
  needed: number,
  left: number,
  budget: DescriptorBudget,
): Diagnostic {
  const { appId, portIndex } = definition;
  return {
    code: 'DESCRIPTORS_SHORT',
    severity: 'error',
    appId,
    portIndex,
    reason: `its ${servers.length} servers need ${needed} file descriptors, and HAProxy has ${Math.max(0, left)} left of ${budget.limit}`,
    remedy: `raise the limit of open files (ulimit -n), or lower maxconn (${budget.maxconn})`,
  };
}
