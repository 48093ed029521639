/**
 * The mirror itself: events and answers in, apps and wishes to fetch out. No I/O and no clock: time is given,
 * so that the same calls give the same mirror. It must not know how events and answers are come by.
 * [marathon] core/task/tracker/impl/InstanceTrackerActor.scala: an answer to a request sent after an event is
 * at least as new as that event; events of one app come in order
 */
import type { AppId, TaskId } from '../core/ids.ts';
import type { App } from '../core/model.ts';
import { AppStore } from './app-store.ts';
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
  readonly store = new AppStore();
  readonly plans = new Plans();
  readonly drift = new Drift();
  readonly #memory = new TaskMemory();
  /** Ids of which Marathon knows neither an app nor a pod: those that are being deleted. */
  readonly #absent = new Set<AppId>();
  #order = 0;
  #stream = 0;
  #hasBase = false;
  /** Told before there is a base, since the request for it was sent. */
  #early: MarathonEvent[] = [];
  /** The base of the stream that is attached now is installed. */
  #settled = false;
  /** The leader is a Marathon that has goals: a `Running` that nothing explains tells that one has changed. */
  hasGoals = false;

  get apps(): ReadonlyMap<AppId, App> {
    return this.store.apps;
  }

  /** The base of the stream that is attached now is installed. */
  get isSettled(): boolean {
    return this.#settled;
  }

  /** A new stream is attached: what the last one told says nothing about this one's order. */
  newStream(): void {
    this.#stream++;
    this.#settled = false;
    this.#early = [];
    this.#memory.newStream();
    this.#absent.clear();
    this.plans.clear();
    this.drift.clear();
  }

  /**
   * To be called when a request is sent, with the app or the group that it asks for. Who had no app of that id
   * may have one in this answer, so what events tell of it meanwhile has to be asked for after it.
   */
  mark(asked = '/'): Mark {
    this.#early = [];
    const prefix = below(asked);
    for (const id of this.#absent) if (id === asked || id.startsWith(prefix)) this.#absent.delete(id);
    return { order: ++this.#order, stream: this.#stream };
  }

  /** Takes one event; the answer names what has to be fetched. */
  apply(event: MarathonEvent, now: number): Wishes {
    if (!this.#hasBase) {
      this.#early.push(event);
      return nothing;
    }
    const order = ++this.#order;
    const wishes = this.#take(event, now, order);
    if ('appId' in event) this.drift.touched(event.appId, order);
    for (const id of wishes.apps) this.drift.touched(id, order);
    return wishes;
  }

  /**
   * A full answer. `judge`: the stream is uninterrupted and nothing is left to fetch, so the answer should
   * show nothing new. @returns undefined where it belongs to a stream that is gone
   */
  installAll(mark: Mark, answer: DecodedApps, now: number, judge: boolean): Wishes | undefined {
    const steps = this.installing(mark, answer, now, judge);
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  }

  /** The same app by app; events may be applied and other answers installed between two of them. */
  *installing(
    mark: Mark,
    answer: DecodedApps,
    now: number,
    judge: boolean,
  ): Generator<undefined, Wishes | undefined> {
    if (mark.stream !== this.#stream) return undefined;
    const before = judge && this.#settled ? new Map(this.apps) : undefined;
    for (const app of answer.apps) {
      this.#installApp(mark, app, now);
      yield;
      if (mark.stream !== this.#stream) return undefined;
    }
    this.#removeUnlisted(mark, answer, '/');
    this.store.forgetAnswers(mark.order);
    this.#absent.clear();
    this.#memory.prune(
      () => new Set([...this.apps.values()].flatMap((app) => app.tasks.map((task) => task.id))),
      now,
    );
    if (before !== undefined) this.drift.compare(before, this.apps, mark.order, now);
    this.#hasBase = true;
    const wishes = this.#early.splice(0).map((event) => this.apply(event, now));
    this.#settled = true;
    return { apps: wishes.flatMap(({ apps }) => apps), groups: wishes.flatMap(({ groups }) => groups) };
  }

  /** The answer for one app; undefined: there is none. */
  installOne(mark: Mark, id: AppId, answer: DecodedApps | undefined, now: number): void {
    if (mark.stream !== this.#stream) return;
    this.drift.touched(id, ++this.#order);
    for (const app of answer?.apps ?? []) this.#installApp(mark, app, now);
    if (answer !== undefined) return;
    this.store.remove(mark.order, id);
    this.#absent.add(id);
  }

  /** The answer for all apps below a group; undefined: there is no such group. */
  installGroup(mark: Mark, group: string, answer: DecodedApps | undefined, now: number): void {
    if (mark.stream !== this.#stream) return;
    const order = ++this.#order;
    const prefix = below(group);
    for (const id of this.apps.keys()) if (id.startsWith(prefix)) this.drift.touched(id, order);
    for (const { id } of answer?.apps ?? []) this.drift.touched(id, order);
    for (const app of answer?.apps ?? []) this.#installApp(mark, app, now);
    this.#removeUnlisted(mark, answer ?? { apps: [], malformed: [] }, prefix);
  }

  #take(event: MarathonEvent, now: number, order: number): Wishes {
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
        return this.apps.has(event.appId) ? wish(event.appId) : nothing;
      case 'api-post':
        return wish(event.appId);
      case 'group-changed':
        return this.plans.groupChanged(event, now);
      case 'deployment':
        return this.plans.deployment(event, now);
    }
  }

  #status(event: StatusUpdate, now: number, order: number): Wishes {
    const { appId, taskId, state, at } = event;
    if (!this.#memory.acceptStatus(taskId, state, at, order)) return nothing;
    if (isTerminal(state)) {
      this.#bury(appId, taskId, at, now);
      return nothing;
    }
    if (!this.apps.has(appId)) return this.#absent.has(appId) ? nothing : wish(appId);
    if (state === 'TASK_KILLING') this.#memory.leaving(taskId, order, now);
    if (this.#isPod(appId)) return this.#podStatus(event);
    this.store.change(appId, (app) => withStatus(app, event));
    // Whether it stays listed depends on the app's strategy, which only a GET knows.
    return state === 'TASK_UNREACHABLE' || state === 'TASK_LOST' ? wish(appId) : nothing;
  }

  #instance(event: InstanceChanged, now: number, order: number): Wishes {
    const { condition, at, appId } = event;
    const unreachable = condition.startsWith('Unreachable');
    const explained = this.#memory.takeExpectedChange(event.instance.instanceId);
    const ids = this.#tasksOf(event).filter((id) => {
      if (!this.#memory.acceptCondition(id, at, order, unreachable || condition === 'Killing')) return false;
      if (endedConditions.has(condition)) this.#bury(appId, id, at, now);
      else if (unreachable) this.store.change(appId, (app) => withState(app, id, 'TASK_UNREACHABLE'));
      else if (condition === 'Killing') {
        this.#memory.leaving(id, order, now);
        this.store.change(appId, (app) => withState(app, id, 'TASK_KILLING'));
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
    const isOver = this.#absent.has(appId) || this.#memory.hasEnded(instance.instanceId);
    return alive === undefined || isOver ? nothing : wish(appId);
  }

  #health(event: HealthChanged, order: number): Wishes {
    const { appId, at } = event;
    // One answer for all containers, and which of them it is about is in no event.
    if (this.#isPod(appId)) return wish(appId);
    const known = this.#tasksOf(event);
    if (known.length === 0) return this.#healthOfUnknown(event);
    const ids = known.filter((id) => this.#memory.acceptHealth(id, at, order));
    for (const id of ids) this.store.change(appId, (app) => withHealth(app, id, event));
    // Which of several checks it is about is in no event, and one of an app without checks is about checks that
    // are not known yet. [marathon] health_status_changed_event has no check id
    const isWhole = this.apps.get(appId)?.healthChecks.length === 1;
    return ids.length > 0 && !isWhole ? wish(appId) : nothing;
  }

  #isPod(id: AppId): boolean {
    return this.apps.get(id)?.kind === 'pod';
  }

  /** Where the endpoints of a container are, and whether all of its instance run, only a GET knows. */
  #podStatus({ appId, taskId, state }: StatusUpdate): Wishes {
    if (state === 'TASK_KILLING' || state === 'TASK_UNREACHABLE')
      this.store.change(appId, (app) => withState(app, taskId, state));
    return wish(appId);
  }

  /** Instances have had goals since 1.8. [marathon] core/instance/Goal.scala */
  #isToldByGoals(appId: AppId, id: TaskId): boolean {
    if (!this.#settled || !this.hasGoals) return false;
    return this.apps.get(appId)?.tasks.find((task) => task.id === id)?.state === 'TASK_RUNNING';
  }

  #tasksOf(event: Extract<MarathonEvent, { instance: unknown }>): TaskId[] {
    const app = this.apps.get(event.appId);
    return app === undefined ? [] : tasksOf(app, event.instance).map((task) => task.id);
  }

  #leaving(appId: AppId, id: TaskId, now: number, order: number): void {
    this.#memory.leaving(id, order, now);
    this.store.change(appId, (app) => withLeaving(app, id));
  }

  #bury(appId: AppId, id: TaskId, at: number | undefined, now: number): void {
    this.#memory.bury(id, at, now);
    this.store.change(appId, (app) => withoutTask(app, id));
  }

  /** What is below a prefix and not in its list is gone. A malformed app is there, so it stays as it was. */
  #removeUnlisted(
    mark: Mark,
    list: Pick<DecodedApps, 'apps' | 'malformed' | 'podsProblem'>,
    prefix: string,
  ): void {
    const unknown = list.podsProblem !== undefined;
    const listed = new Set([...list.malformed, ...list.apps.map((app) => app.id)]);
    for (const id of this.apps.keys())
      if (id.startsWith(prefix) && !listed.has(id) && !(unknown && this.#isPod(id)))
        this.store.remove(mark.order, id);
  }

  #installApp(mark: Mark, fetched: App, now: number): void {
    if (this.store.isOutdated(mark.order, fetched.id)) return;
    this.#absent.delete(fetched.id);
    const memory = this.#memory;
    const merged = mergeApp(this.apps.get(fetched.id), fetched, {
      isDead: (task) => memory.isDead(task.id),
      isOurs: (task) => memory.order(task.id) > mark.order,
      isStateOurs: (task) => memory.stateOrder(task.id) > mark.order,
      isHealthOurs: (task) => memory.healthOrder(task.id) > mark.order,
      isLeaving: (task) => memory.isLeaving(task.id, now),
    });
    this.store.install(mark.order, merged);
  }
}

/** What the ids of all apps in a group begin with. */
const below = (group: string): string => (group.endsWith('/') ? group : `${group}/`);

const wish = (id: AppId): Wishes => ({ apps: [id], groups: [] });
