/** Reads the gauges of the metrics from the state of the daemon. */
import { nothingDesired, serverCount } from '../../core/desired/desired.ts';
import { inHaproxy } from '../../core/plan/placement.ts';
import type { MetricSources } from '../../observe/metrics.ts';
import type { ClusterStatus } from '../clusters/clusters-status.ts';
import type { HostTable } from '../hosts/table.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';

/** The functions that read each gauge. */
export function metricSources(
  clusters: () => readonly ClusterStatus[],
  pipeline: () => PipelineState,
  hosts: Pick<HostTable, 'unresolved'>,
  state: MetricSources['state'],
  now: () => number,
): MetricSources {
  return {
    state,
    withheldChangeServers: () => pipeline().withheld?.servers ?? 0,
    places: () => {
      const { desired, spares } = pipeline();
      if (spares === undefined) return [];
      return [...(desired?.services.values() ?? [])].map(({ definition: { appId, portIndex, backend } }) => ({
        ...{ app: appId, port: portIndex, backend },
        haproxyBackend: inHaproxy(spares, backend),
      }));
    },
    spareBackends: () => {
      const { spares } = pipeline();
      return spares && { free: spares.free, used: spares.carriers.size };
    },
    unresolvedHosts: () => hosts.unresolved().length,
    services: () => pipeline().desired?.services.size ?? 0,
    servers: () => serverCount(pipeline().desired ?? nothingDesired),
    diagnostics: () => {
      const counts = { error: 0, warning: 0, notice: 0 };
      for (const { severity } of [
        ...pipeline().diagnostics,
        ...clusters().flatMap(({ marathon }) => marathon.diagnostics),
      ])
        counts[severity] += 1;
      return counts;
    },
    clusters: () =>
      clusters().map(({ name, marathon, withheld }) => ({
        ...marathon,
        name,
        confirmationAge:
          marathon.confirmedAt === undefined ? undefined : (now() - marathon.confirmedAt) / 1000,
        eventLag: marathon.lastEventLagMs === undefined ? undefined : marathon.lastEventLagMs / 1000,
        withheldServers: withheld?.servers ?? 0,
      })),
    hashes: () => ({ desired: pipeline().desiredHash, running: pipeline().running?.hash }),
    inSync: () => pipeline().inSync,
    runtimeCommands: () => pipeline().runtimeCommands,
    oldWorkers: () => pipeline().running?.oldWorkers.length ?? 0,
    oldWorkerConnections: () =>
      (pipeline().running?.oldWorkers ?? []).reduce((sum, { connections = 0 }) => sum + connections, 0),
  };
}
