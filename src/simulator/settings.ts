/** What can be chosen when a simulator starts, with the defaults, and what each version of Marathon does differently. */

export type MarathonVersion = '1.4' | '1.5' | '1.8' | '1.11';

/** How long the steps of a task's life take, in milliseconds. */
export interface Timings {
  /** From the wish for an instance to an offer that fits. */
  offerMs: number;
  /** From the offer to TASK_STARTING. */
  startingMs: number;
  /** From TASK_STARTING to TASK_RUNNING. */
  runningMs: number;
  /** From the kill to the moment the task stops listening, where the app sets no taskKillGracePeriodSeconds. */
  killMs: number;
  /** How long requests in flight may go on after that. */
  drainMs: number;
  /** Multiplies backoffSeconds: below 1 a failed task comes back sooner. */
  backoffScale: number;
  /** Multiplies the intervals, grace periods and time limits of health checks. */
  healthScale: number;
}

/**
 * How a task listens: `dedicated` = sockets of its own, closed when it dies; `shared` = a few listeners stand
 * for all tasks (tens of thousands of tasks in few file descriptors); `none` = it does not listen at all.
 */
export type TaskKind = 'dedicated' | 'shared' | 'none';

export interface SimulatorOptions {
  /** 0 (the default) takes a free one. */
  port?: number;
  host?: string;
  version?: MarathonVersion;
  auth?: { user: string; password: string };
  timings?: Partial<Timings>;
  /** From deployment_info to the moment GET shows the new definition. */
  definitionDelayMs?: number;
  heartbeatMs?: number;
  /** `--enable_features task_killing`. */
  taskKilling?: boolean;
  tasks?: TaskKind;
  /** `real` asks the task over the network; `switch` believes `setHealthy`. Default: real for dedicated tasks. */
  checks?: 'real' | 'switch';
  /** Makes ids repeat from run to run. */
  seed?: number;
  /** Agents that exist at the start; more come when their ports are used up. */
  agents?: number;
  /** The first three numbers of the agents' addresses, `127.0.1`. Default: made from the port, so that two simulators never meet. */
  agentNetwork?: string;
  /** The host ports agents offer. A narrow range makes addresses come back soon. Not with shared tasks. */
  hostPorts?: { from: number; to: number } | readonly number[];
  /** `--event_stream_max_outstanding_messages`. */
  maxOutstanding?: number;
  /** What happens to a slow reader of events. Default: that of the version. */
  slowReaders?: 'close' | 'drop';
  /** `--max_running_deployments`. */
  maxDeployments?: number;
}

export const defaultTimings: Timings = {
  offerMs: 5,
  startingMs: 5,
  runningMs: 20,
  killMs: 20,
  drainMs: 5000,
  backoffScale: 1,
  healthScale: 1,
};

/** [marathon] What changed between the versions, as far as a client can see it. */
export interface VersionTraits {
  readonly full: string;
  /** container.docker.network, container.docker.portMappings, ports, ipAddress. */
  readonly oldNetworks: boolean;
  /** What is not set is written as null. */
  readonly nulls: boolean;
  /** Empty lists of a task (health results, addresses) are left out. */
  readonly omitsEmptyLists: boolean;
  /** An instance outlives its task, which comes back as the next incarnation. */
  readonly incarnations: boolean;
  /** Deployment events carry the whole root group, twice. */
  readonly heavyPlans: boolean;
  readonly slowReaders: 'close' | 'drop';
  readonly maxOutstanding: number;
  /** A standby answers /v2/events with a redirect instead of passing it on. */
  readonly redirectsEvents: boolean;
}

const modern: Omit<VersionTraits, 'full'> = {
  oldNetworks: false,
  nulls: false,
  omitsEmptyLists: false,
  incarnations: true,
  heavyPlans: false,
  slowReaders: 'close',
  maxOutstanding: 1024,
  redirectsEvents: true,
};
const v15 = {
  ...modern,
  omitsEmptyLists: true,
  incarnations: false,
  heavyPlans: true,
  slowReaders: 'drop',
  redirectsEvents: false,
} as const;

export const versionTraits: Readonly<Record<MarathonVersion, VersionTraits>> = {
  '1.4': { ...v15, full: '1.4.13', oldNetworks: true, nulls: true, maxOutstanding: 50 },
  '1.5': { ...v15, full: '1.5.15' },
  '1.8': { ...modern, full: '1.8.244' },
  '1.11': { ...modern, full: '1.11.24' },
};
