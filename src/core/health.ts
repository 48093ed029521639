/** Which tasks may serve: Mesos' state, Marathon's health, and whether the task is on its way out. */
import type { App, Task, TaskState } from './model.ts';

export interface HealthPolicy {
  /** `--health-check`: only tasks that Marathon calls healthy, where the app has health checks. */
  readonly respectHealth: boolean;
  /** All checks of a task must be alive, or any of them (marathon-lb's rule). */
  readonly mode: 'all' | 'any';
}

export type Servable =
  | { readonly kind: 'ready' }
  | { readonly kind: 'leaving'; readonly reason: string }
  | { readonly kind: 'out'; readonly reason: string };

/** Lost and unreachable tasks may well serve: the network between master and agent is not ours. */
const servableStates: ReadonlySet<TaskState> = new Set(['TASK_RUNNING', 'TASK_LOST', 'TASK_UNREACHABLE']);

export function servable(app: App, task: Task, policy: HealthPolicy): Servable {
  if (task.state === 'TASK_KILLING') return { kind: 'leaving', reason: 'Marathon is killing the task' };
  if (!servableStates.has(task.state)) return { kind: 'out', reason: `the task is ${task.state}` };
  if (policy.respectHealth && app.healthChecks.length > 0) {
    const alive = isAlive(app, task, policy.mode);
    if (alive === undefined)
      return { kind: 'out', reason: 'Marathon has not yet said whether the task is healthy' };
    if (!alive) return { kind: 'out', reason: 'Marathon calls the task unhealthy' };
  }
  if (task.leaving) return { kind: 'leaving', reason: 'Marathon is about to end the task' };
  return { kind: 'ready' };
}

function isAlive(app: App, task: Task, mode: 'all' | 'any'): boolean | undefined {
  if (mode === 'any' && !task.aliveIsAggregate)
    return task.alive.length === 0 ? undefined : task.alive.includes(true);
  if (task.alive.includes(false)) return false;
  const reported = task.aliveIsAggregate
    ? task.alive.length > 0
    : task.alive.length >= app.healthChecks.length;
  return reported ? true : undefined;
}
