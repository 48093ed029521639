/** Reads the gauges of the metrics from what the daemon knows. */
import { nothingDesired, serverCount } from '../core/desired.ts';
import type { MarathonStatus } from '../marathon/source.ts';
import type { MetricSources } from '../observe/metrics.ts';
import type { PipelineState } from './pipeline-types.ts';
import type { RemovalGuard } from './removal-guard.ts';

export function metricSources(
  marathon: () => MarathonStatus,
  pipeline: () => PipelineState,
  held: RemovalGuard['held'],
  now: () => number,
): MetricSources {
  return {
    apps: () => marathon().apps,
    tasks: () => marathon().tasks,
    services: () => pipeline().desired?.services.size ?? 0,
    servers: () => serverCount(pipeline().desired ?? nothingDesired),
    diagnostics: () => {
      const counts = { error: 0, warning: 0, notice: 0 };
      for (const { severity } of [...pipeline().diagnostics, ...marathon().diagnostics])
        counts[severity] += 1;
      return counts;
    },
    confirmationAge: () => {
      const { confirmedAt } = marathon();
      return confirmedAt === undefined ? undefined : (now() - confirmedAt) / 1000;
    },
    heldServers: () => held()?.servers ?? 0,
    connected: () => marathon().connected,
    inSync: () => pipeline().inSync,
    runtimeCommands: () => pipeline().runtimeCommands,
    oldWorkers: () => pipeline().running?.oldWorkers.length ?? 0,
    oldWorkerConnections: () =>
      (pipeline().running?.oldWorkers ?? []).reduce((sum, { connections = 0 }) => sum + connections, 0),
    events: () => marathon().events,
    reconnects: () => marathon().reconnects,
    resyncs: () => marathon().resyncs,
    resyncDifferences: () => marathon().resyncDifferences,
  };
}
