/**
 * Which tasks wait for their readiness check. Marathon asks only tasks of the deployment that runs, and tells the
 * answers in no event: they are in GET while the deployment runs.
 * [marathon] core/readiness; readinessCheckResults in embed=apps.readiness
 */
import type { App, Task } from '../../core/model/model.ts';
import type { StatusUpdate } from './event-types.ts';
import type { RawApp } from './raw.ts';

/** As an answer tells it: no result yet is no pass. Tasks of an older version are not asked, and serve. */
export function withReadiness(tasks: Task[], raw: RawApp): Task[] {
  if ((raw.readinessChecks ?? []).length === 0 || (raw.deployments ?? []).length === 0) return tasks;
  const results = new Map<string, boolean>();
  for (const { taskId, ready } of raw.readinessCheckResults ?? [])
    results.set(taskId, (results.get(taskId) ?? true) && ready === true);
  return tasks.map((task) => {
    const passed = results.get(task.id) ?? (task.version !== '' && task.version !== raw.version);
    return passed ? task : { ...task, awaitsReadiness: true };
  });
}

/** A task that an event tells of for the first time: the next answer knows better. */
export function mayAwaitReadiness(app: App, { version }: StatusUpdate): boolean {
  if (!app.hasReadinessChecks) return false;
  // Newer than the definition that is known here: a deployment runs whose definition is not visible yet.
  return version > app.version || (app.deployments.length > 0 && (version === '' || version === app.version));
}

/** One that has had traffic is not asked again. [marathon] a check ends when it has passed */
export function stillAwaits(old: Task, task: Task): boolean {
  return task.awaitsReadiness && (old.awaitsReadiness || old.state !== 'TASK_RUNNING');
}
