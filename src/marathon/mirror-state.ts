/**
 * The mirror itself: events and answers in, apps and wishes to fetch out. No I/O and no clock: time is given,
 * so that the same calls give the same mirror. It must not know how events and answers are come by.
 * [marathon] core/task/tracker/impl/InstanceTrackerActor.scala: an answer to a request sent after an event is
 * at least as new as that event; events of one app come in order
 */
import type { AppId, TaskId } from '../core/ids.ts';
import type { App } from '../core/model.ts';
import type { DecodedApps } from './decode.ts';
import type { HealthChanged, InstanceChanged, MarathonEvent, StatusUpdate } from './event-types.ts';
import { Drift } from './drift.ts';
import { mergeApp } from './merge.ts';
import { Plans, type Wishes } from './plans.ts';
import { tasksOf, withHealth, withLeaving, withoutTask, withState, withStatus } from './task-changes.ts';
import { TaskMemory } from './task-memory.ts';
import { isTerminal } from './task-state.ts';

/** The place of a request in the order of events. */
export interface Mark {
  readonly order: number;
  readonly stream: number;
}

const nothing: Wishes = { apps: [], groups: [] };
const endedConditions = new Set(['Killed', 'Failed', 'Finished', 'Error', 'Gone', 'Dropped', 'Unknown']);

export class MirrorState {
  readonly apps = new Map<AppId, App>();
  readonly plans = new Plans();
  readonly drift = new Drift();
  readonly #memory = new TaskMemory();
  /** Ids that Marathon does not know as apps: pods, and apps that are being deleted. */
  readonly #absent = new Set<AppId>();
  /** The order of the request whose answer an app stands on. */
  readonly #fetched = new Map<AppId, number>();
  readonly #changed = new Set<AppId>();
  #order = 0;
  #stream = 0;
  #hasBase = false;
  #early: MarathonEvent[] = [];
  /** Whether a `Running` that nothing explains means that Marathon has decided to end the instance. */
  #trustsGoals = false;
  #version: string | undefined;

  get hasBase(): boolean {
    return this.#hasBase;
  }

  /** A new stream is attached: what the last one told says nothing about this one's order. */
  newStream(): void {
    this.#stream++;
    this.#trustsGoals = false;
    this.#early = [];
    this.#memory.newStream();
    this.#absent.clear();
    this.plans.clear();
    this.drift.clear();
  }

  /** Instances have had goals since 1.8. [marathon] core/instance/Goal.scala */
  setVersion(version: string | undefined): void {
    this.#version = version;
  }

  /** To be called when a request is sent. */
  mark(): Mark {
    return { order: ++this.#order, stream: this.#stream };
  }

  /** Takes one event; the answer names what has to be fetched. */
  apply(event: MarathonEvent, now: number): Wishes {
    if (!this.#hasBase) {
      this.#early.push(event);
      return nothing;
    }
    const order = ++this.#order;
    if ('appId' in event) this.drift.touched(event.appId, order);
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
        this.#eachTask(event, order, (id, app) => this.#leaving(app, id, now, order));
        return nothing;
      case 'unknown-terminated':
        this.#eachTask(event, order, (id, app) => this.#bury(app, id, event.at, now));
        return nothing;
      case 'app-terminated':
        return this.apps.has(event.appId) ? wish(event.appId) : nothing;
      case 'api-post':
        return wish(event.appId);
      case 'group-changed':
        return this.plans.groupChanged(event, now);
      case 'deployment':
        for (const id of event.apps) this.drift.touched(id, order);
        return this.plans.deployment(event, now);
    }
  }

  /** A full answer. Counts what an uninterrupted stream should have told. */
  installAll(mark: Mark, answer: DecodedApps, now: number): Wishes {
    const uninterrupted = this.#trustsGoals && mark.stream === this.#stream;
    const before = uninterrupted ? new Map(this.apps) : undefined;
    const kept = new Set([...answer.malformed, ...answer.apps.map((app) => app.id)]);
    for (const app of answer.apps) this.#installApp(mark, app, now);
    for (const id of this.apps.keys()) if (!kept.has(id)) this.#remove(mark, id);
    for (const [id, order] of this.#fetched) if (order <= mark.order) this.#fetched.delete(id);
    this.#absent.clear();
    this.#memory.prune(
      new Set([...this.apps.values()].flatMap((app) => app.tasks.map((task) => task.id))),
      now,
    );
    this.drift.compare(before, this.apps, mark.order, now);
    this.#hasBase = true;
    const wishes = this.#early.splice(0).map((event) => this.apply(event, now));
    if (mark.stream === this.#stream) this.#trustsGoals = true;
    return { apps: wishes.flatMap(({ apps }) => apps), groups: wishes.flatMap(({ groups }) => groups) };
  }

  /** The answer for one app; undefined: there is none. */
  installOne(mark: Mark, id: AppId, answer: DecodedApps | undefined, now: number): void {
    if (mark.stream !== this.#stream) return;
    if (answer === undefined) {
      this.#remove(mark, id);
      this.#absent.add(id);
      return;
    }
    for (const app of answer.apps) this.#installApp(mark, app, now);
  }

  /** The answer for all apps below a group; undefined: there is no such group. */
  installGroup(mark: Mark, group: string, answer: DecodedApps | undefined, now: number): void {
    if (mark.stream !== this.#stream) return;
    const kept = new Set([...(answer?.malformed ?? []), ...(answer?.apps ?? []).map((app) => app.id)]);
    for (const app of answer?.apps ?? []) this.#installApp(mark, app, now);
    const prefix = group.endsWith('/') ? group : `${group}/`;
    for (const id of this.apps.keys()) if (id.startsWith(prefix) && !kept.has(id)) this.#remove(mark, id);
  }

  /** The ids of the apps that may have changed since the last call. */
  takeChanged(): AppId[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  #status(event: StatusUpdate, now: number, order: number): Wishes {
    const { appId, taskId, state, at } = event;
    if (!this.#memory.acceptStatus(taskId, state, at, order)) return nothing;
    const app = this.apps.get(appId);
    if (isTerminal(state)) {
      this.#memory.bury(taskId, at, now);
      if (app !== undefined) this.#set(withoutTask(app, taskId));
      return nothing;
    }
    if (app === undefined) return this.#absent.has(appId) ? nothing : wish(appId);
    if (state === 'TASK_KILLING') this.#memory.leaving(taskId, order, now);
    this.#set(withStatus(app, event));
    // Whether it stays listed depends on the app's strategy, which only a GET knows.
    return state === 'TASK_UNREACHABLE' || state === 'TASK_LOST' ? wish(appId) : nothing;
  }

  #instance(event: InstanceChanged, now: number, order: number): Wishes {
    const { condition, at, appId } = event;
    const unreachable = condition.startsWith('Unreachable');
    let seen = false;
    this.#eachTask(event, order, (id, app) => {
      const expected = this.#memory.takeExpectedChange(id);
      if (!this.#memory.acceptCondition(id, at, order)) return;
      seen = true;
      if (endedConditions.has(condition)) this.#bury(app, id, at, now);
      else if (unreachable) this.#set(withState(app, id, 'TASK_UNREACHABLE'));
      else if (condition === 'Killing') {
        this.#memory.leaving(id, order, now);
        this.#set(withState(app, id, 'TASK_KILLING'));
      } else if (condition === 'Running' && !expected && this.#knowsGoals(app, id)) {
        // [marathon] InstanceUpdater.changeGoal publishes without a change of state, right before the kill.
        this.#leaving(app, id, now, order);
      }
    });
    return unreachable && seen ? wish(appId) : nothing;
  }

  #health(event: HealthChanged, order: number): Wishes {
    let seen = false;
    this.#eachTask(event, order, (id, app) => {
      if (!this.#memory.acceptHealth(id, event.at, order)) return;
      seen = true;
      this.#set(withHealth(app, id, event));
    });
    // Which of several checks it is about is in no event. [marathon] health_status_changed_event has no check id
    const several = (this.apps.get(event.appId)?.healthChecks.length ?? 0) > 1;
    return seen && several ? wish(event.appId) : nothing;
  }

  #knowsGoals(app: App, id: TaskId): boolean {
    if (!this.#trustsGoals || !isAtLeast(this.#version, 1, 8)) return false;
    return app.tasks.find((task) => task.id === id)?.state === 'TASK_RUNNING';
  }

  /** `change` runs for each known task of the event's instance, with the app as it then is. */
  #eachTask(
    event: Extract<MarathonEvent, { instance: unknown }>,
    _order: number,
    change: (id: TaskId, app: App) => void,
  ): void {
    const start = this.apps.get(event.appId);
    if (start === undefined) return;
    for (const task of tasksOf(start, event.instance)) change(task.id, this.apps.get(event.appId) ?? start);
  }

  #leaving(app: App, id: TaskId, now: number, order: number): void {
    this.#memory.leaving(id, order, now);
    this.#set(withLeaving(app, id));
  }

  #bury(app: App, id: TaskId, at: number | undefined, now: number): void {
    this.#memory.bury(id, at, now);
    this.#set(withoutTask(app, id));
  }

  #installApp(mark: Mark, fetched: App, now: number): void {
    if ((this.#fetched.get(fetched.id) ?? 0) > mark.order) return;
    this.#fetched.set(fetched.id, mark.order);
    this.#absent.delete(fetched.id);
    const memory = this.#memory;
    this.#set(
      mergeApp(this.apps.get(fetched.id), fetched, {
        isDead: (task) => memory.isDead(task.id),
        isOurs: (task) => memory.order(task.id) > mark.order,
        isLeaving: (task) => memory.isLeaving(task.id, now),
      }),
    );
  }

  #remove(mark: Mark, id: AppId): void {
    if ((this.#fetched.get(id) ?? 0) > mark.order) return;
    this.#fetched.set(id, mark.order);
    if (this.apps.delete(id)) this.#changed.add(id);
  }

  #set(app: App): void {
    if (this.apps.get(app.id) === app) return;
    this.apps.set(app.id, app);
    this.#changed.add(app.id);
  }
}

const wish = (id: AppId): Wishes => ({ apps: [id], groups: [] });

function isAtLeast(version: string | undefined, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = (version ?? '')
    .split('.')
    .map((part) => Number.parseInt(part, 10) || 0);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
