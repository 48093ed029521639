/**
 * What each event does to the mirror, and what has to be fetched because of it. Time and order are given. It must not
 * know answers.
 */
import type { AppId, TaskId } from '../../core/model/ids.ts';
import type { AppStore } from './app-store.ts';
import type { HealthChanged, InstanceChanged, MarathonEvent, StatusUpdate } from '../decode/event-types.ts';
import type { Plans, Wishes } from './plans.ts';
import { tasksOf, withHealth, withLeaving, withoutTask, withState, withStatus } from './task-changes.ts';
import type { TaskMemory } from './task-memory.ts';
import { isTerminal } from '../decode/task-state.ts';

/** What the events are about; shared with whoever installs answers. */
export interface KnownToEvents {
  readonly store: AppStore;
  readonly plans: Plans;
  readonly memory: TaskMemory;
  /** Ids of which Marathon knows neither an app nor a pod. */
  readonly absent: ReadonlySet<AppId>;
  /** The mirror is settled, and its Marathon has goals. */
  readonly knowsGoals: () => boolean;
}

const nothing: Wishes = { apps: [], groups: [] };
const endedConditions = new Set(['Killed', 'Failed', 'Finished', 'Error', 'Gone', 'Dropped', 'Unknown']);

export class MirrorEvents {
  readonly #known: KnownToEvents;

  constructor(known: KnownToEvents) {
    this.#known = known;
  }

  /** `order`: the event's place among events and requests. @returns what has to be fetched */
  take(event: MarathonEvent, now: number, order: number): Wishes {
    switch (event.kind) {
      case 'attached':
        return nothing;
      case 'status':
        return this.#status(event, now, order);
      case 'instance':
        return this.#instance(event, now, order);
      case 'health':
        return this.#health(event, order);
      case 'unhealthy-kill':
        for (const id of this.#tasksOf(event)) this.#leaving(event.appId, id, now, order);
        return nothing;
      case 'unknown-terminated':
        for (const id of this.#tasksOf(event)) this.#bury(event.appId, id, event.at, now);
        return nothing;
      case 'app-terminated':
        return this.#known.store.apps.has(event.appId) ? wish(event.appId) : nothing;
      case 'api-post':
        return wish(event.appId);
      case 'pod-changed':
        // Its deployment tells of one that is created, and so does a list of all.
        return event.appId === undefined ? this.#known.plans.unnamed(now) : wish(event.appId);
      case 'group-changed':
        return this.#known.plans.groupChanged(event, now);
      case 'deployment':
        return this.#known.plans.deployment(event, now);
    }
  }

  #status(event: StatusUpdate, now: number, order: number): Wishes {
    const { appId, taskId, state, at } = event;
    if (!this.#known.memory.acceptStatus(taskId, state, at, order)) return nothing;
    if (isTerminal(state)) {
      this.#bury(appId, taskId, at, now);
      return nothing;
    }
    if (!this.#known.store.apps.has(appId)) return this.#known.absent.has(appId) ? nothing : wish(appId);
    if (state === 'TASK_KILLING') this.#known.memory.leaving(taskId, order, now);
    if (this.#isPod(appId)) return this.#podStatus(event);
    this.#known.store.change(appId, (app) => withStatus(app, event));
    // Whether it stays listed depends on the app's strategy, which only a GET knows.
    return state === 'TASK_UNREACHABLE' || state === 'TASK_LOST' ? wish(appId) : nothing;
  }

  #instance(event: InstanceChanged, now: number, order: number): Wishes {
    const { condition, at, appId } = event;
    const unreachable = condition.startsWith('Unreachable');
    const explained = this.#known.memory.takeExpectedChange(event.instance.instanceId);
    const ids = this.#tasksOf(event).filter((id) => {
      if (!this.#known.memory.acceptCondition(id, at, order, unreachable || condition === 'Killing'))
        return false;
      if (endedConditions.has(condition)) this.#bury(appId, id, at, now);
      else if (unreachable) this.#known.store.change(appId, (app) => withState(app, id, 'TASK_UNREACHABLE'));
      else if (condition === 'Killing') {
        this.#known.memory.leaving(id, order, now);
        this.#known.store.change(appId, (app) => withState(app, id, 'TASK_KILLING'));
      } else if (condition === 'Running' && !explained && this.#isToldByGoals(appId, id)) {
        // [marathon] InstanceUpdater.changeGoal publishes without a change of state, right before the kill.
        this.#leaving(appId, id, now, order);
      }
      return true;
    });
    return unreachable && ids.length > 0 ? wish(appId) : nothing;
  }

  /** An answer that brings the task may be under way, and be from before the check. */
  #healthOfUnknown({ appId, instance, alive }: HealthChanged): Wishes {
    const isOver = this.#known.absent.has(appId) || this.#known.memory.hasEnded(instance.instanceId);
    return alive === undefined || isOver ? nothing : wish(appId);
  }

  #health(event: HealthChanged, order: number): Wishes {
    const { appId, at } = event;
    // One answer for all containers, and which of them it is about is in no event.
    if (this.#isPod(appId)) return wish(appId);
    const known = this.#tasksOf(event);
    if (known.length === 0) return this.#healthOfUnknown(event);
    const ids = known.filter((id) => this.#known.memory.acceptHealth(id, at, order));
    for (const id of ids) this.#known.store.change(appId, (app) => withHealth(app, id, event));
    // Which of several checks it is about is in no event, and one of an app without checks is about checks that
    // are not known yet. [marathon] health_status_changed_event has no check id
    const isWhole = this.#known.store.apps.get(appId)?.healthChecks.length === 1;
    return ids.length > 0 && !isWhole ? wish(appId) : nothing;
  }

  #isPod(id: AppId): boolean {
    return this.#known.store.apps.get(id)?.kind === 'pod';
  }

  /** Where the endpoints of a container are, and whether all of its instance run, only a GET knows. */
  #podStatus({ appId, taskId, state }: StatusUpdate): Wishes {
    if (state === 'TASK_KILLING' || state === 'TASK_UNREACHABLE')
      this.#known.store.change(appId, (app) => withState(app, taskId, state));
    return wish(appId);
  }

  /** Instances have had goals since 1.8. [marathon] core/instance/Goal.scala */
  #isToldByGoals(appId: AppId, id: TaskId): boolean {
    if (!this.#known.knowsGoals()) return false;
    return this.#known.store.apps.get(appId)?.tasks.find((task) => task.id === id)?.state === 'TASK_RUNNING';
  }

  #tasksOf(event: Extract<MarathonEvent, { instance: unknown }>): TaskId[] {
    const app = this.#known.store.apps.get(event.appId);
    return app === undefined ? [] : tasksOf(app, event.instance).map((task) => task.id);
  }

  #leaving(appId: AppId, id: TaskId, now: number, order: number): void {
    this.#known.memory.leaving(id, order, now);
    this.#known.store.change(appId, (app) => withLeaving(app, id));
  }

  #bury(appId: AppId, id: TaskId, at: number | undefined, now: number): void {
    this.#known.memory.bury(id, at, now);
    this.#known.store.change(appId, (app) => withoutTask(app, id));
  }
}

const wish = (id: AppId): Wishes => ({ apps: [id], groups: [] });
