/** Short words for the tests of the mirror: apps, tasks and events with sensible defaults. */
import { asAppId, asInstanceId, asTaskId, instanceIdOf, type AppId } from '../../src/core/model/ids.ts';
import type { App, HealthCheck, Task, TaskState } from '../../src/core/model/model.ts';
import type { DecodedApps } from '../../src/marathon/decode/decode.ts';
import type { MarathonEvent } from '../../src/marathon/decode/event-types.ts';
import { MirrorState } from '../../src/marathon/mirror/mirror-state.ts';

export const web = asAppId('/web');

export const check: HealthCheck = {
  protocol: 'HTTP',
  path: '/',
  portIndex: 0,
  port: undefined,
  intervalSeconds: 5,
  timeoutSeconds: 5,
  gracePeriodSeconds: 30,
  maxConsecutiveFailures: 3,
};

export const taskId = (name: string) => `web.instance-${name}._app.1`;

export function task(name: string, fields: Partial<Task> = {}): Task {
  const id = taskId(name);
  return {
    id: asTaskId(id),
    instanceId: instanceIdOf(id),
    appId: web,
    state: 'TASK_RUNNING',
    host: 'agent1',
    ports: [31000],
    ipAddresses: ['172.17.0.2'],
    version: 'v1',
    alive: [],
    aliveIsAggregate: false,
    awaitsReadiness: false,
    leaving: false,
    ...fields,
  };
}

export function app(tasks: readonly Task[], fields: Partial<App> = {}): App {
  return {
    id: web,
    version: 'v1',
    labels: {},
    instances: tasks.length,
    kind: 'app',
    networkMode: 'host',
    ports: [],
    healthChecks: [check],
    hasReadinessChecks: false,
    deployments: [],
    tasks,
    ...fields,
  };
}

export const answer = (...apps: App[]): DecodedApps => ({ apps, diagnostics: [], malformed: [] });

/** A mirror that has a stream and its base. */
export function mirrorOf(...apps: App[]): MirrorState {
  const mirror = new MirrorState();
  mirror.newStream();
  mirror.installAll(mirror.mark(), answer(...apps), 0, false);
  mirror.hasGoals = true;
  mirror.store.takeChanged();
  return mirror;
}

export function status(name: string, state: TaskState, at: number, appId: AppId = web): MarathonEvent {
  return {
    kind: 'status',
    type: 'status_update_event',
    at,
    appId,
    taskId: asTaskId(taskId(name)),
    state,
    host: 'agent1',
    ports: [31000],
    ipAddresses: ['172.17.0.2'],
    version: 'v1',
  };
}

const instance = (name: string) => ({ instanceId: asInstanceId(`web.instance-${name}`), taskId: undefined });

export function condition(name: string, condition: string, at: number): MarathonEvent {
  return {
    kind: 'instance',
    type: 'instance_changed_event',
    at,
    appId: web,
    instance: instance(name),
    condition,
  };
}

export function checkHealth(name: string, alive: boolean, at: number): MarathonEvent {
  const type = 'health_status_changed_event';
  return { kind: 'health', type, of: 'check', at, appId: web, instance: instance(name), alive };
}

export function instanceHealth(name: string, alive: boolean | undefined, at: number): MarathonEvent {
  const type = 'instance_health_changed_event';
  return { kind: 'health', type, of: 'aggregate', at, appId: web, instance: instance(name), alive };
}

export function terminated(name: string, at: number): MarathonEvent {
  const type = 'unknown_instance_terminated_event';
  return { kind: 'unknown-terminated', type, at, appId: web, instance: instance(name) };
}

export function unhealthyKill(name: string, at: number): MarathonEvent {
  return {
    kind: 'unhealthy-kill',
    type: 'unhealthy_instance_kill_event',
    at,
    appId: web,
    instance: instance(name),
  };
}

export function deployment(
  version: number,
  apps: AppId[],
  phase: 'progress' | 'end' = 'progress',
): MarathonEvent {
  const type = phase === 'end' ? 'deployment_success' : 'deployment_info';
  return { kind: 'deployment', type, phase, at: version, version, apps };
}

export function groupChanged(version: number, groupId = '/'): MarathonEvent {
  return { kind: 'group-changed', type: 'group_change_success', at: version, groupId, version };
}

export const tasks = (mirror: MirrorState): readonly Task[] => mirror.apps.get(web)?.tasks ?? [];
