/**
 * Marathon's apps and tasks as Pacer's own types: the same for every version of Marathon's API. `src/marathon/decode`
 * makes them from JSON; no other part sees raw JSON.
 */
import type { AppId, InstanceId, TaskId } from './ids.ts';

/**
 * How tasks reach the network: with the agent's network, through Docker's bridge on the agent, or with their own
 * addresses.
 */
export type NetworkMode = 'host' | 'bridge' | 'container';

/** An app or pod. */
export interface App {
  readonly id: AppId;
  /** A pod is an app whose tasks are the containers of its instances, and whose ports are their endpoints. */
  readonly kind: 'app' | 'pod';
  /** Marathon's version of the definition, an ISO 8601 timestamp; '' if it was not given. */
  readonly version: string;
  /**
   * When something other than the number of instances last changed, in milliseconds since the epoch, by Marathon's
   * clock.
   */
  readonly configuredAt?: number;
  /** When the number of instances last changed, in milliseconds since 1970, by Marathon's clock. */
  readonly scaledAt?: number;
  readonly labels: Readonly<Record<string, string>>;
  /** The number of instances the app asks for. */
  readonly instances: number;
  readonly networkMode: NetworkMode;
  /** The exposed ports in the order of the definition. The index is the `{n}` of the labels. */
  readonly ports: readonly PortMapping[];
  readonly healthChecks: readonly HealthCheck[];
  /** Marathon asks new tasks of a deployment whether they are ready before it counts on them. */
  readonly hasReadinessChecks: boolean;
  /** Ids of the deployments of this app that run now. */
  readonly deployments: readonly string[];
  /** Sorted by id. */
  readonly tasks: readonly Task[];
}

/** One exposed port of an app. */
export interface PortMapping {
  /** The port inside the container; 0: the same as the host port. Undefined with host networking. */
  readonly containerPort: number | undefined;
  /** True if Marathon allocates a host port for it, so that `task.ports` has an entry for it. */
  readonly hasHostPort: boolean;
  /** Undefined if Marathon gave none (1.4 and older, with an address per task). */
  readonly servicePort: number | undefined;
  /** Pacer assigned the service port, because Marathon gave none. */
  readonly isAssigned?: boolean;
  /** The index of the task's address on which it is reached, if the app has several networks. Default: the first. */
  readonly addressIndex?: number;
  readonly protocol: 'tcp' | 'udp' | 'udp,tcp';
  readonly name: string | undefined;
}

/** How a health check works. COMMAND runs inside the task. */
export type HealthCheckProtocol = 'HTTP' | 'HTTPS' | 'TCP' | 'COMMAND';

/** A health check of an app. */
export interface HealthCheck {
  /** MESOS_HTTP, MESOS_HTTPS and MESOS_TCP count as HTTP, HTTPS and TCP. */
  readonly protocol: HealthCheckProtocol;
  readonly path: string;
  readonly portIndex: number | undefined;
  /** A fixed port. It overrides `portIndex`. */
  readonly port: number | undefined;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly gracePeriodSeconds: number;
  readonly maxConsecutiveFailures: number;
  /** Mesos runs the check inside the container's network: MESOS_HTTP, MESOS_HTTPS, MESOS_TCP. */
  readonly byMesos?: boolean;
}

/** Mesos' states of a task. */
export type TaskState =
  | 'TASK_STAGING'
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_KILLING'
  | 'TASK_FINISHED'
  | 'TASK_FAILED'
  | 'TASK_KILLED'
  | 'TASK_ERROR'
  | 'TASK_LOST'
  | 'TASK_UNREACHABLE'
  | 'TASK_DROPPED'
  | 'TASK_GONE'
  | 'TASK_GONE_BY_OPERATOR'
  | 'TASK_UNKNOWN';

/** One task of an app, or one container of a pod's instance. */
export interface Task {
  readonly id: TaskId;
  readonly instanceId: InstanceId;
  readonly appId: AppId;
  readonly state: TaskState;
  /** The agent's host name or address. */
  readonly host: string;
  /** Host ports, in the order of the port mappings that have one. */
  readonly ports: readonly number[];
  readonly ipAddresses: readonly string[];
  /** The version of the app the task was launched with; '' if it is not known. */
  readonly version: string;
  /** When it started, in milliseconds since the epoch, by Marathon's clock; absent if Marathon did not say. */
  readonly startedAt?: number;
  /**
   * The results of Marathon's checks, one entry per check that has reported. An empty list means unknown, never dead.
   * An aggregate (`instance_health_changed_event`) is one entry for all checks.
   */
  readonly alive: readonly boolean[];
  /** True if `alive` is the aggregate of all checks, not one entry per check. */
  readonly aliveIsAggregate: boolean;
  /** Its readiness check has not passed, and the deployment that started it still runs. */
  readonly awaitsReadiness: boolean;
  /** Marathon has decided to end the task (its goal changed, or it is being killed). */
  readonly leaving: boolean;
  /** Only of a pod's container: where each port of the pod is reached; null if another container has it. */
  readonly endpoints?: readonly (TaskAddress | null)[];
}

/** Where a port is reached. */
export interface TaskAddress {
  /** An agent's name, or an address. */
  readonly host: string;
  readonly port: number;
}
