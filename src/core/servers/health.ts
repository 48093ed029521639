/** Decides which tasks may serve, from Mesos' state, Marathon's health, and whether the task is being ended. */
import type { App, Task, TaskState } from '../model/model.ts';

/** The settings about health. */
export interface HealthPolicy {
  /** `--health-check`: of an app with health checks, only tasks that Marathon calls healthy. */
  readonly respectHealth: boolean;
  /** `--unreachable`: what happens to tasks on agents that Mesos cannot reach. */
  readonly unreachable: 'keep' | 'drop';
  /** Whether all checks of a task must pass, or any of them (marathon-lb's rule). */
  readonly mode: 'all' | 'any';
}

/** Whether a task may serve. `leaving`: it serves until it ends, but gets no new sessions. */
export type Servable =
  | { readonly kind: 'ready' }
  | { readonly kind: 'leaving'; readonly reason: string }
  | { readonly kind: 'out'; readonly reason: string };

/** They may still serve: the network between master and agent is not ours, and HAProxy's own check judges them. */
const outOfSight: ReadonlySet<TaskState> = new Set(['TASK_LOST', 'TASK_UNREACHABLE']);

/** Whether the task may serve, with the reason if not. */
export function servable(app: App, task: Task, policy: HealthPolicy): Servable {
  if (task.state === 'TASK_KILLING') return { kind: 'leaving', reason: 'Marathon is killing the task' };
  const lost = outOfSight.has(task.state);
  if (lost && policy.unreachable === 'drop')
    return { kind: 'out', reason: `the task is ${task.state}, and --unreachable is drop` };
  if (!lost && task.state !== 'TASK_RUNNING') return { kind: 'out', reason: `the task is ${task.state}` };
  if (task.awaitsReadiness)
    return { kind: 'out', reason: 'its readiness check has not passed, and its deployment still runs' };
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
