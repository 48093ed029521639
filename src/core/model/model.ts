/**
 * Marathon's apps and tasks as Pacer thinks of them: one shape for every version of Marathon's API.
 * `marathon/decode.ts` makes these from JSON; nothing past it sees raw JSON.
 */
import type { AppId, InstanceId, TaskId } from './ids.ts';

/** How tasks reach the network: the agent's, Docker's bridge on the agent, or an address of their own. */
export type NetworkMode = 'host' | 'bridge' | 'container';

export interface App {
  readonly id: AppId;
  /** A pod is an app whose tasks are the containers of its instances, and whose ports are their endpoints. */
  readonly kind: 'app' | 'pod';
  /** Marathon's version of the definition, an ISO timestamp; '' when it was not given. */
  readonly version: string;
  /** When something other than the number of instances last changed, in milliseconds since 1970, by Marathon's clock. */
  readonly configuredAt?: number;
  /** When the number of instances last changed, in milliseconds since 1970, by Marathon's clock. */
  readonly scaledAt?: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Instances wanted. */
  readonly instances: number;
  readonly networkMode: NetworkMode;
  /** The exposed ports in the order of the definition: the index is the `{n}` of the labels. */
  readonly ports: readonly PortMapping[];
  readonly healthChecks: readonly HealthCheck[];
  /** New tasks of a deployment are asked whether they are ready before Marathon counts on them. */
  readonly hasReadinessChecks: boolean;
  /** Ids of the deployments that run on this app now. */
  readonly deployments: readonly string[];
  /** Sorted by id. */
  readonly tasks: readonly Task[];
}

export interface PortMapping {
  /** The port inside the container; 0 = the same as the host port. Undefined in host networking. */
  readonly containerPort: number | undefined;
  /** True where Marathon allocates a host port for it, and so `task.ports` has an entry for it. */
  readonly hasHostPort: boolean;
  /** Undefined where Marathon gave none (1.4 and older with an address for each task). */
  readonly servicePort: number | undefined;
  /** The service port is of Pacer's choosing, since Marathon gave none. */
  readonly isAssigned?: boolean;
  /** Which of a task's addresses it is reached at, where the app has several networks; the first unless told. */
  readonly addressIndex?: number;
  readonly protocol: 'tcp' | 'udp' | 'udp,tcp';
  readonly name: string | undefined;
}

export type HealthCheckProtocol = 'HTTP' | 'HTTPS' | 'TCP' | 'COMMAND';

export interface HealthCheck {
  /** MESOS_HTTP, MESOS_HTTPS and MESOS_TCP count as HTTP, HTTPS and TCP. */
  readonly protocol: HealthCheckProtocol;
  readonly path: string;
  readonly portIndex: number | undefined;
  /** A fixed port, which wins over `portIndex`. */
  readonly port: number | undefined;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly gracePeriodSeconds: number;
  readonly maxConsecutiveFailures: number;
  /** Mesos runs it, inside the container's network: MESOS_HTTP, MESOS_HTTPS, MESOS_TCP. */
  readonly byMesos?: boolean;
}

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

export interface Task {
  readonly id: TaskId;
  readonly instanceId: InstanceId;
  readonly appId: AppId;
  readonly state: TaskState;
  /** The agent's host name or address. */
  readonly host: string;
  /** Host ports in the order of the port mappings that have one. */
  readonly ports: readonly number[];
  readonly ipAddresses: readonly string[];
  /** The version of the app the task was launched with; '' when unknown. */
  readonly version: string;
  /** When it started, in milliseconds since 1970, by Marathon's clock; absent when Marathon did not say. */
  readonly startedAt?: number;
  /**
   * What Marathon's checks say, one entry a check that has reported; an empty list is "unknown", never
   * "dead". An aggregate (`instance_health_changed_event`) is one entry that stands for all checks.
   */
  readonly alive: readonly boolean[];
  /** True where `alive` is the aggregate of all checks and not one entry a check. */
  readonly aliveIsAggregate: boolean;
  /** Its readiness check has not passed, and the deployment that started it still runs. */
  readonly awaitsReadiness: boolean;
  /** Marathon has decided to end the task (its goal changed, or it is being killed). */
  readonly leaving: boolean;
  /** Of a pod's container: where each port of the pod is answered; null where another container has it. */
  readonly endpoints?: readonly (TaskAddress | null)[];
}

export interface TaskAddress {
  /** An agent's name, or an address. */
  readonly host: string;
  readonly port: number;
}
