/** Servers whose tasks are gone and whose last sessions have not ended: since when, and whether their time is up. */
import type { BackendName } from '../../core/model/ids.ts';
import type { Service } from '../../core/model/service.ts';
import type { WaitingServer } from './runtime-servers.ts';

/** The servers that drain. */
export interface DepartingServers {
  /** Records which servers of these services still drain. All others of these services are gone. */
  readonly see: (services: readonly Service[], waiting: readonly WaitingServer[]) => void;
  readonly overdue: (server: WaitingServer) => boolean;
  readonly backends: () => ReadonlySet<BackendName>;
}

/** @param timeoutMs milliseconds that sessions of such a server may continue */
export function drainingServers(timeoutMs: number, now: () => number): DepartingServers {
  const since = new Map<BackendName, Map<string, number>>();
  return {
    see: (services, waiting) => {
      const still = groupByBackend(waiting);
      for (const { definition } of services) {
        const before = since.get(definition.backend);
        const servers = still.get(definition.backend);
        if (servers === undefined) since.delete(definition.backend);
        else
          since.set(definition.backend, new Map(servers.map((name) => [name, before?.get(name) ?? now()])));
      }
    },
    overdue: ({ backend, server }) => {
      const start = since.get(backend)?.get(server);
      return start !== undefined && now() - start >= timeoutMs;
    },
    backends: () => new Set(since.keys()),
  };
}

function groupByBackend(waiting: readonly WaitingServer[]): Map<BackendName, string[]> {
  const groups = new Map<BackendName, string[]>();
  for (const { backend, server } of waiting) groups.set(backend, [...(groups.get(backend) ?? []), server]);
  return groups;
}
