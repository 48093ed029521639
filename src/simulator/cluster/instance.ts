/** Instances and their tasks: the part of the cluster's state that lives outside the definitions. */
import type { Agent } from './agents.ts';
import type { Sample } from '../samples/sample.ts';
import type { ContainerSpec, RunSpec } from '../definitions/spec.ts';

export type Condition =
  | 'Created'
  | 'Scheduled'
  | 'Provisioned'
  | 'Starting'
  | 'Running'
  | 'Killing'
  | 'Killed'
  | 'Failed'
  | 'Finished'
  | 'Unreachable'
  | 'UnreachableInactive';

export type TaskState =
  | 'TASK_STAGING'
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_KILLING'
  | 'TASK_KILLED'
  | 'TASK_FAILED'
  | 'TASK_FINISHED'
  | 'TASK_UNREACHABLE';

/** What one health check has found so far, as GET writes it in `healthCheckResults`. */
export interface CheckResult {
  alive: boolean;
  consecutiveFailures: number;
  firstSuccess?: string;
  lastSuccess?: string;
  lastFailure?: string;
  lastFailureCause?: string;
  instanceId: string;
}

export interface TaskRecord {
  readonly id: string;
  readonly container: ContainerSpec;
  readonly stagedAt: string;
  state: TaskState;
  startedAt: string | undefined;
  /** Host ports, one for each port that has one. */
  ports: readonly number[];
  ipAddresses: readonly string[];
  /** What `/health` of the sample answers; kept here since it outlives the listeners. */
  healthy: boolean;
  sample: Sample | undefined;
  /** By the index of the check; undefined = no answer yet. */
  results: (CheckResult | undefined)[];
}

export interface Instance {
  readonly id: string;
  spec: RunSpec;
  condition: Condition;
  goal: 'Running' | 'Decommissioned';
  incarnation: number;
  agent: Agent | undefined;
  /** The tasks' own address: the agent's, one inside Docker's bridge, or one of the container network. */
  address: string | undefined;
  tasks: readonly TaskRecord[];
  /** The aggregate of all checks that was published last; undefined = unknown. */
  healthy: boolean | undefined;
  /** Which readiness checks have passed, by name; empty where none were asked for. */
  readonly ready: Map<string, boolean>;
  /** Failures in a row, for the backoff. */
  failures: number;
  since: string;
  /** Grows with each step, so that a timer set for an earlier one does nothing. */
  epoch: number;
}

const active: readonly Condition[] = [
  'Provisioned',
  'Created',
  'Starting',
  'Running',
  'Killing',
  'Unreachable',
];

/** Whether it holds an agent's resources (or may hold them). */
export function isActive(instance: Instance): boolean {
  return active.includes(instance.condition) && instance.agent !== undefined;
}

/** Whether Marathon counts on it: wanted, and not lost for good. */
export function isWanted(instance: Instance): boolean {
  return instance.goal === 'Running' && instance.condition !== 'UnreachableInactive';
}
