/** The bodies of Marathon's events. Each has `eventType` and `timestamp`; the bus adds the latter. */
import { timestamp } from '../cluster/clock.ts';
import type { Instance, TaskRecord } from '../cluster/instance.ts';
import type { Json } from '../definitions/json.ts';
import type { HealthCheckSpec, RunSpec } from '../definitions/spec.ts';

export interface MarathonEvent {
  readonly eventType: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

export function event(eventType: string, fields: Json): MarathonEvent {
  return { ...fields, eventType, timestamp: timestamp() };
}

export function statusUpdate(instance: Instance, task: TaskRecord, message = ''): MarathonEvent {
  return event('status_update_event', {
    slaveId: instance.agent?.id ?? '',
    taskId: task.id,
    taskStatus: task.state,
    message,
    appId: instance.spec.id,
    host: instance.agent?.host ?? 'unknown',
    ipAddresses: ipAddressesOf(task),
    ports: task.ports,
    version: instance.spec.version,
  });
}

export function ipAddressesOf(task: TaskRecord): { ipAddress: string; protocol: 'IPv4' }[] {
  return task.ipAddresses.map((ipAddress) => ({ ipAddress, protocol: 'IPv4' }));
}

export function instanceChanged(instance: Instance): MarathonEvent {
  return event('instance_changed_event', {
    instanceId: instance.id,
    condition: instance.condition,
    runSpecId: instance.spec.id,
    agentId: instance.agent?.id ?? null,
    host: instance.agent?.host ?? null,
    runSpecVersion: instance.spec.version,
  });
}

export function instanceHealthChanged(instance: Instance): MarathonEvent {
  return event('instance_health_changed_event', {
    instanceId: instance.id,
    runSpecId: instance.spec.id,
    healthy: instance.healthy ?? null,
    runSpecVersion: instance.spec.version,
  });
}

export function healthStatusChanged(instance: Instance, alive: boolean): MarathonEvent {
  return event('health_status_changed_event', {
    appId: instance.spec.id,
    instanceId: instance.id,
    version: instance.spec.version,
    alive,
  });
}

/** [marathon] The key is `taskId`, its value the id of the instance; 1.4 has the key `instanceId`. */
export function failedHealthCheck(
  instance: Instance,
  check: HealthCheckSpec,
  oldKey: boolean,
): MarathonEvent {
  return event('failed_health_check_event', {
    appId: instance.spec.id,
    [oldKey ? 'instanceId' : 'taskId']: instance.id,
    healthCheck: check.definition,
  });
}

export function unhealthyKill(instance: Instance, task: TaskRecord, reason: string): MarathonEvent {
  return event('unhealthy_instance_kill_event', {
    appId: instance.spec.id,
    taskId: task.id,
    instanceId: instance.id,
    version: instance.spec.version,
    reason,
    host: instance.agent?.host ?? 'unknown',
    slaveId: instance.agent?.id,
  });
}

export function healthCheckAdded(spec: RunSpec, check: HealthCheckSpec): MarathonEvent {
  return event('add_health_check_event', {
    appId: spec.id,
    version: spec.version,
    healthCheck: check.definition,
  });
}
