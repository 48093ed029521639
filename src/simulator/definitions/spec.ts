/** A run spec: what the simulator needs to know of an app or a pod, next to the definition as GET writes it. */
import type { Json } from './json.ts';

export type NetworkMode = 'host' | 'bridge' | 'container';

export interface PortSpec {
  /** Undefined in host networking; 0 = the same as the host port. */
  readonly containerPort: number | undefined;
  /** Undefined where no host port is mapped; 0 = any free one. */
  readonly hostPort: number | undefined;
  readonly servicePort: number;
  readonly protocol: string;
  readonly name: string | undefined;
}

export interface HealthCheckSpec {
  /** True for the checks that the executor performs (MESOS_* and those of pods). */
  readonly mesos: boolean;
  readonly kind: 'http' | 'https' | 'tcp' | 'command';
  readonly path: string;
  readonly portIndex: number;
  readonly port: number | undefined;
  readonly graceMs: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly delayMs: number;
  readonly maxConsecutiveFailures: number;
  /** As events and GET write it. */
  readonly definition: Json;
}

/** Asked for the tasks of a deployment, until it passes once. */
export interface ReadinessCheckSpec {
  readonly name: string;
  readonly path: string;
  readonly portIndex: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly okStatuses: readonly number[];
}

/** What the sample program of a task does; the app says so in its env (or labels). */
export interface SampleSpec {
  readonly kind: 'http' | 'https' | 'tcp-echo' | 'none';
  /** Before each answer. */
  readonly delayMs: number;
  /** From TASK_RUNNING to the moment it listens. */
  readonly bootMs: number;
  /** Overrides the kill delay. */
  readonly stopMs: number | undefined;
}

export interface ContainerSpec {
  /** `_app` for apps. */
  readonly name: string;
  readonly ports: readonly PortSpec[];
  readonly checks: readonly HealthCheckSpec[];
  readonly sample: SampleSpec;
}

export interface RunSpec {
  readonly kind: 'app' | 'pod';
  readonly id: string;
  readonly version: string;
  /** The version of the last change that replaces tasks; a change of the number of instances keeps it. */
  readonly configVersion: string;
  readonly instances: number;
  readonly networkMode: NetworkMode;
  readonly networkName: string | undefined;
  readonly containers: readonly ContainerSpec[];
  readonly readinessChecks: readonly ReadinessCheckSpec[];
  readonly dependencies: readonly string[];
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
  readonly backoffMs: number;
  readonly backoffFactor: number;
  readonly maxLaunchDelayMs: number;
  readonly killGraceMs: number | undefined;
  readonly oldestFirst: boolean;
  readonly inactiveAfterMs: number;
  readonly expungeAfterMs: number;
  readonly definition: Json;
}

export function hasChecks(spec: RunSpec): boolean {
  return spec.containers.some((container) => container.checks.length > 0);
}
