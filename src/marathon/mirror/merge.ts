/**
 * An app as fetched, put together with the app as we have it: keeps identities where nothing changed, and
 * what the answer does not say or no longer says. Pure; it must not know which events came when.
 */
import { byCodePoint } from '../../core/model/ids.ts';
import type { App, Task } from '../../core/model/model.ts';
import { keepSame, sameValue } from '../../core/collections/same.ts';
import { stillAwaits } from '../decode/readiness.ts';
import { whereabouts } from './task-changes.ts';
import { isTerminal } from '../decode/task-state.ts';

export interface MergeRules {
  /** A task that is over and may not come back, whatever the answer says. */
  readonly isDead: (task: Task) => boolean;
  /** Events since the request was sent know more of this task than the answer. */
  readonly isOurs: (task: Task) => boolean;
  /** The same of its state alone. */
  readonly isStateOurs: (task: Task) => boolean;
  /** The same of its health alone. */
  readonly isHealthOurs: (task: Task) => boolean;
  /** A hint that the task is leaving still counts. */
  readonly isLeaving: (task: Task) => boolean;
}

export function mergeApp(ours: App | undefined, fetched: App, rules: MergeRules): App {
  const known = new Map(ours?.tasks.map((task) => [task.id, task]));
  const tasks: Task[] = [];
  for (const task of fetched.tasks) {
    // [marathon] 1.8 and later list an ended task, without ports, until its instance is launched again
    if (isTerminal(task.state) || rules.isDead(task)) continue;
    const old = known.get(task.id);
    known.delete(task.id);
    if (old === undefined) tasks.push(task);
    else tasks.push(keepSame(old, mergeTask(old, task, fetched, rules)));
  }
  for (const task of known.values()) if (rules.isOurs(task)) tasks.push(task);
  tasks.sort((a, b) => byCodePoint(a.id, b.id));
  if (ours === undefined) return { ...fetched, tasks };
  return keepIdentities(ours, { ...fetched, tasks });
}

function mergeTask(old: Task, task: Task, app: App, rules: MergeRules): Task {
  const keepsHealth = rules.isHealthOurs(old) || !knowsHealth(old, task, app.healthChecks.length);
  const { alive, aliveIsAggregate } = keepsHealth ? old : task;
  // What no event has told since is the answer's, although one has told something else.
  if (rules.isStateOurs(old)) return { ...old, ...whereabouts(old, task), alive, aliveIsAggregate };
  const leaving = task.leaving || (old.leaving && rules.isLeaving(old));
  // The first event that told of a task may have been its return from a lost agent.
  const startedAt = Math.min(old.startedAt ?? Infinity, task.startedAt ?? Infinity);
  return {
    ...{ ...task, leaving, alive, aliveIsAggregate, awaitsReadiness: stillAwaits(old, task) },
    ...(startedAt === Infinity ? {} : { startedAt }),
  };
}

/**
 * Whether the answer's health replaces ours. Unknown is not dead: a new leader starts with no results, or with
 * some, and says nothing about the rest.
 * [marathon] MarathonHealthCheckManager: results live in the leader's memory
 */
function knowsHealth(old: Task, task: Task, checks: number): boolean {
  if (checks === 0 || old.alive.length === 0) return true;
  if (task.aliveIsAggregate) return task.alive.length > 0;
  return task.alive.length >= checks || task.alive.includes(false) || task.alive.length > old.alive.length;
}

/** The parts of an app that say the same keep their objects: the model compares by identity. */
function keepIdentities(ours: App, next: App): App {
  const merged: App = {
    ...next,
    labels: keepSame(ours.labels, next.labels),
    ports: keepSame(ours.ports, next.ports),
    healthChecks: keepSame(ours.healthChecks, next.healthChecks),
    deployments: keepSame(ours.deployments, next.deployments),
    tasks:
      ours.tasks.length === next.tasks.length && ours.tasks.every((task, i) => task === next.tasks[i])
        ? ours.tasks
        : next.tasks,
  };
  return keepSame(ours, merged);
}

/**
 * Whether two views of an app differ in anything that events should have told. A task that is only being
 * staged is announced by no event, and how each of several checks fares by none either.
 */
export function differ(a: App | undefined, b: App | undefined): boolean {
  if (a === undefined || b === undefined) return a !== b;
  return a !== b && !sameValue(told(a), told(b));
}

/** What events should have told of an app, in a shape to compare: how several checks fare is one answer. */
export function told(app: App) {
  const tasks = app.tasks
    .filter((task) => task.state !== 'TASK_STAGING')
    .map(({ alive, startedAt: _, ...task }) => ({
      ...task,
      aliveIsAggregate: null,
      healthy: alive.length > 0 && !alive.includes(false),
    }));
  return { ...app, tasks };
}
