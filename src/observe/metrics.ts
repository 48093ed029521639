/** Every metric of the daemon, declared in one place. HAProxy's own metrics are on its statistics port. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { reloadReasons, type Plan } from '../core/plan/plan.ts';
import { watchStalls } from './stalls.ts';

/** Where the values of gauges come from. Read when somebody asks for the metrics. */
export interface MetricSources {
  readonly clusters: () => readonly ClusterMetrics[];
  readonly services: () => number;
  readonly servers: () => number;
  /** Where there are spare backends: which service is in which. */
  readonly places: () => readonly ServicePlace[];
  /** Spare backends; undefined where HAProxy has none. */
  readonly spareBackends: () => { readonly free: number; readonly used: number } | undefined;
  /** The number of agents whose names do not resolve. */
  readonly unresolvedHosts: () => number;
  /** By severity. */
  readonly diagnostics: () => Readonly<Record<'error' | 'warning' | 'notice', number>>;
  readonly state: () => 'ready' | 'degraded' | 'not ready';
  /** The number of servers that a withheld change would remove. */
  readonly withheldChangeServers: () => number;
  /** Whether HAProxy runs what is desired. */
  readonly inSync: () => boolean;
  /** The hashes of the configurations, if they are known. */
  readonly hashes: () => Readonly<Record<'desired' | 'running', string | undefined>>;
  readonly runtimeCommands: () => number;
  readonly oldWorkers: () => number;
  /** Client connections that old workers still have. */
  readonly oldWorkerConnections: () => number;
}

export interface ServicePlace {
  readonly app: string;
  readonly port: number;
  readonly backend: string;
  /** The name of the backend in HAProxy's own metrics. */
  readonly haproxyBackend: string;
}

/** Values of one Marathon cluster. */
export interface ClusterMetrics {
  /** Undefined if there is only one cluster: then the metrics have no label for it. */
  readonly name: string | undefined;
  readonly apps: number;
  readonly tasks: number;
  /** Seconds; undefined before the first confirmation. */
  readonly confirmationAge: number | undefined;
  /** Seconds between the last event's own timestamp and its arrival; undefined before the first event. */
  readonly eventLag: number | undefined;
  readonly connected: boolean;
  /** Servers that Marathon no longer lists and that stay in service until that is confirmed. */
  readonly withheldServers: number;
  readonly events: Readonly<Record<string, number>>;
  readonly reconnects: number;
  readonly resyncs: number;
  readonly resyncDifferences: number;
}

/** The metrics, and the functions that count. */
export interface Metrics {
  readonly text: () => Promise<string>;
  /** Stops watching for stalls. */
  readonly close: () => void;
  readonly applied: (
    plan: Plan,
    eventToAppliedMs: number | undefined,
    durationsMs: Readonly<Record<string, number>>,
  ) => void;
  readonly failed: (stage: string) => void;
  /** Seconds between an event's own timestamp and its arrival. */
  readonly eventLag: (seconds: number) => void;
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** @param onStall called with the milliseconds during which Pacer handled no event */
export function createMetrics(sources: MetricSources, onStall?: (ms: number) => void): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'pacer_' });

  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const labelOf = ({ name }: ClusterMetrics) => (name === undefined ? {} : { cluster: name });
  const clusterGauge = (name: string, help: string, read: (cluster: ClusterMetrics) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['cluster'],
      registers,
      collect() {
        for (const cluster of sources.clusters()) this.set(labelOf(cluster), read(cluster));
      },
    });
  clusterGauge('pacer_mirror_apps', 'Apps in the mirror of Marathon', ({ apps }) => apps);
  clusterGauge('pacer_mirror_tasks', 'Tasks in the mirror of Marathon', ({ tasks }) => tasks);
  gauge('pacer_services', 'Services that should serve', sources.services);
  gauge('pacer_servers', 'Servers behind these services', sources.servers);
  new Gauge({
    name: 'pacer_service_info',
    help: '1, with the backend that serves an app in HAProxy; only where there are spare backends',
    labelNames: ['app', 'port', 'backend', 'haproxy_backend'],
    registers,
    collect() {
      this.reset();
      for (const { app, port, backend, haproxyBackend } of sources.places())
        this.set({ app, port, backend, haproxy_backend: haproxyBackend }, 1);
    },
  });
  new Gauge({
    name: 'pacer_spare_backends',
    help: 'Spare backends of HAProxy, by whether they serve a service',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of Object.entries(sources.spareBackends() ?? {})) this.set({ state }, count);
    },
  });
  gauge(
    'pacer_unresolved_agents',
    'Agents whose host names have no address, so that their tasks get no requests',
    sources.unresolvedHosts,
  );
  clusterGauge('pacer_marathon_connected', '1 while the event stream is attached', ({ connected }) =>
    Number(connected),
  );
  clusterGauge(
    'pacer_withheld_servers',
    'Servers that Marathon no longer lists and that stay in service until that is confirmed or approved',
    ({ withheldServers }) => withheldServers,
  );
  gauge(
    'pacer_withheld_change_servers',
    'Servers that Marathon lists and that a withheld change would take out of service',
    sources.withheldChangeServers,
  );
  new Gauge({
    name: 'pacer_state',
    help: '1 for the present state of the node: ready, degraded or not ready; 0 for the others',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of ['ready', 'degraded', 'not ready'] as const)
        this.set({ state }, Number(sources.state() === state));
    },
  });
  gauge('pacer_in_sync', '1 while HAProxy runs the desired configuration', () => Number(sources.inSync()));
  gauge(
    'pacer_runtime_commands',
    'Commands sent to HAProxy that changed something at runtime',
    sources.runtimeCommands,
  );
  gauge('pacer_haproxy_old_workers', 'HAProxy workers that finish old connections', sources.oldWorkers);
  gauge(
    'pacer_haproxy_old_worker_connections',
    'Client connections of these workers',
    sources.oldWorkerConnections,
  );
  clusterGauge(
    'pacer_confirmation_age_seconds',
    'Seconds since Marathon last confirmed the mirror; -1 before the first time',
    ({ confirmationAge }) => confirmationAge ?? -1,
  );
  clusterGauge(
    'pacer_last_event_lag_seconds',
    "Seconds between the last event's own timestamp and its arrival; -1 before the first one",
    ({ eventLag }) => eventLag ?? -1,
  );
  new Gauge({
    name: 'pacer_configuration_info',
    help: '1, with the hashes of the desired configuration and of the one that HAProxy runs',
    labelNames: ['state', 'hash'],
    registers,
    collect() {
      this.reset();
      for (const [state, hash] of Object.entries(sources.hashes()))
        if (hash !== undefined) this.set({ state, hash }, 1);
    },
  });
  clusterGauge(
    'pacer_marathon_reconnects',
    'Times the event stream was reconnected',
    ({ reconnects }) => reconnects,
  );
  clusterGauge('pacer_marathon_resyncs', 'Complete snapshots taken', ({ resyncs }) => resyncs);
  clusterGauge(
    'pacer_resync_differences',
    'Differences that a resync had to repair; 0 in a healthy run',
    ({ resyncDifferences }) => resyncDifferences,
  );
  new Gauge({
    name: 'pacer_diagnostics',
    help: 'Diagnostics of apps, by severity',
    labelNames: ['severity'],
    registers,
    collect() {
      for (const [severity, count] of Object.entries(sources.diagnostics())) this.set({ severity }, count);
    },
  });
  new Gauge({
    name: 'pacer_marathon_events',
    help: 'Events received from Marathon, by type',
    labelNames: ['type', 'cluster'],
    registers,
    collect() {
      for (const cluster of sources.clusters())
        for (const [type, count] of Object.entries(cluster.events))
          this.set({ type, ...labelOf(cluster) }, count);
    },
  });

  const reloads = new Counter({
    name: 'pacer_reloads_total',
    help: 'Reloads of HAProxy, by reason',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of Object.keys(reloadReasons)) reloads.inc({ reason }, 0);
  const servers = new Counter({
    name: 'pacer_runtime_servers_total',
    help: 'Servers changed without a reload',
    labelNames: ['change'],
    registers,
  });
  const changes = new Counter({ name: 'pacer_changes_total', help: 'Changes applied to HAProxy', registers });
  const failures = new Counter({
    name: 'pacer_failures_total',
    help: 'Passes that failed, by stage',
    labelNames: ['stage'],
    registers,
  });
  const eventToApplied = new Histogram({
    name: 'pacer_event_to_applied_seconds',
    help: "Seconds from an event's arrival until HAProxy ran its change",
    buckets,
    registers,
  });
  const stages = new Histogram({
    name: 'pacer_stage_seconds',
    help: 'Seconds that each stage of an applied change took',
    labelNames: ['stage'],
    buckets,
    registers,
  });
  const lag = new Histogram({
    name: 'pacer_event_lag_seconds',
    help: "Seconds between an event's own timestamp and its arrival",
    buckets,
    registers,
  });

  const stalls = new Counter({
    name: 'pacer_event_loop_stalls_total',
    help: 'Times that Pacer handled no event for 200 ms or longer, because one piece of work took that long',
    registers,
  });
  const longest = new Gauge({
    name: 'pacer_event_loop_longest_stall_seconds',
    help: 'The longest of these times since Pacer started, in seconds',
    registers,
  });
  const watch = watchStalls((ms) => {
    stalls.inc();
    longest.set(watch.longestMs() / 1000);
    onStall?.(ms);
  });

  return {
    close: watch.close,
    text: () => registry.metrics(),
    failed: (stage) => failures.inc({ stage }),
    eventLag: (seconds) => lag.observe(Math.max(0, seconds)),
    applied: (plan, eventToAppliedMs, durationsMs) => {
      changes.inc();
      if (plan.kind === 'runtime') {
        servers.inc({ change: 'added' }, plan.added);
        servers.inc({ change: 'removed' }, plan.removed);
        servers.inc({ change: 'state' }, plan.stateChanged);
      }
      if (plan.kind === 'reload') for (const { code } of plan.reasons) reloads.inc({ reason: code });
      if (eventToAppliedMs !== undefined) eventToApplied.observe(eventToAppliedMs / 1000);
      for (const [stage, ms] of Object.entries(durationsMs)) stages.observe({ stage }, ms / 1000);
    },
  };
}
