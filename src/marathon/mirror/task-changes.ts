/**
 * What an event changes in one app: pure functions that give the same object back where nothing changes.
 * They must not know the order or the age of events.
 */
import { byCodePoint, instanceIdOf, type TaskId } from '../../core/model/ids.ts';
import type { App, Task } from '../../core/model/model.ts';
import { keepSame } from '../../core/collections/same.ts';
import { appLimits } from '../bounds/limits.ts';
import { mayAwaitReadiness } from '../decode/readiness.ts';
import type { HealthChanged, InstanceRef, StatusUpdate } from '../decode/event-types.ts';

/** Adds the task or brings it up to date. */
export function withStatus(app: App, event: StatusUpdate): App {
  const old = app.tasks.find((task) => task.id === event.taskId);
  const task: Task = {
    id: event.taskId,
    instanceId: instanceIdOf(event.taskId),
    appId: app.id,
    state: event.state,
    ...whereabouts(event, old ?? event),
    ...startOf(event, old),
    alive: old?.alive ?? [],
    aliveIsAggregate: old?.aliveIsAggregate ?? false,
    awaitsReadiness: old?.awaitsReadiness ?? mayAwaitReadiness(app, event),
    leaving: event.state === 'TASK_KILLING' || (old?.leaving ?? false),
  };
  if (old !== undefined) return changeTasks(app, event.taskId, () => task);
  // What an answer would leave out is not added; the answer says so.
  if (app.tasks.length >= appLimits.tasks) return app;
  const after = app.tasks.findIndex(({ id }) => byCodePoint(id, task.id) > 0);
  return { ...app, tasks: after < 0 ? [...app.tasks, task] : app.tasks.toSpliced(after, 0, task) };
}

/** The first launch that is told of counts: a late status of a lost task is no start. */
function startOf({ state, at }: StatusUpdate, old: Task | undefined): Pick<Task, 'startedAt'> {
  const isLaunch = state === 'TASK_STAGING' || state === 'TASK_STARTING' || state === 'TASK_RUNNING';
  const startedAt = old === undefined && isLaunch ? at : old?.startedAt;
  return startedAt === undefined ? {} : { startedAt };
}

type Whereabouts = Pick<Task, 'host' | 'ports' | 'ipAddresses' | 'version'>;

/** A late status may come without the container's part: what is known of it otherwise holds. */
export function whereabouts(told: Whereabouts, known: Whereabouts): Whereabouts {
  return {
    host: told.host || known.host,
    ports: told.ports.length === 0 ? known.ports : told.ports,
    ipAddresses: told.ipAddresses.length === 0 ? known.ipAddresses : told.ipAddresses,
    version: told.version || known.version,
  };
}

/** Only for tasks that are known: health brings nothing back. */
export function withHealth(app: App, id: TaskId, event: HealthChanged): App {
  const checks = app.healthChecks.length;
  const { alive, of } = event;
  if (alive === undefined || checks === 0) return app;
  if (checks === 1)
    return changeTasks(app, id, (task) => ({ ...task, alive: [alive], aliveIsAggregate: false }));
  if (of === 'check') return app;
  // [marathon] AppHealthCheckActor computeGlobalHealth: true says that every check is alive
  return changeTasks(app, id, (task) =>
    alive
      ? { ...task, alive: Array<boolean>(checks).fill(true), aliveIsAggregate: false }
      : { ...task, alive: [false], aliveIsAggregate: true },
  );
}

export function withState(app: App, id: TaskId, state: 'TASK_KILLING' | 'TASK_UNREACHABLE'): App {
  return changeTasks(app, id, (task) => ({
    ...task,
    state,
    leaving: task.leaving || state === 'TASK_KILLING',
  }));
}

export function withLeaving(app: App, id: TaskId): App {
  return changeTasks(app, id, (task) => ({ ...task, leaving: true }));
}

export function withoutTask(app: App, id: TaskId): App {
  const tasks = app.tasks.filter((task) => task.id !== id);
  return tasks.length === app.tasks.length ? app : { ...app, tasks };
}

/**
 * The tasks of an instance. A task from before Marathon 1.4 is named `<app>.<uuid>` and its instance
 * `<app>.marathon-<uuid>`. [marathon] core/instance/Instance.scala
 */
export function tasksOf(app: App, { instanceId, taskId }: InstanceRef): Task[] {
  const legacy = instanceId.replace('.marathon-', '.');
  return app.tasks.filter(
    (task) => task.id === taskId || task.instanceId === instanceId || task.instanceId === legacy,
  );
}

function changeTasks(app: App, id: TaskId, change: (task: Task) => Task): App {
  const tasks = app.tasks.map((task) => (task.id === id ? keepSame(task, change(task)) : task));
  return tasks.some((task, i) => task !== app.tasks[i]) ? { ...app, tasks } : app;
}
