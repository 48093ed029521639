/**
 * The mirror itself: events and answers in, apps and wishes to fetch out. No I/O and no clock: time is given,
 * so that the same calls give the same mirror. It must not know how events and answers are come by.
 * [marathon] core/task/tracker/impl/InstanceTrackerActor.scala: an answer to a request sent after an event is
 * at least as new as that event; events of one app come in order
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { AnswerOrder } from './answer-order.ts';
import { AppStore } from './app-store.ts';
import type { DecodedApps } from '../decode/decode.ts';
import type { MarathonEvent } from '../decode/event-types.ts';
import { Drift } from './drift.ts';
import { mergeApp } from './merge.ts';
import { MirrorEvents } from './mirror-events.ts';
import { Plans, type Wishes } from './plans.ts';
import { TaskMemory } from './task-memory.ts';

/** The place of a request in the order of events. */
export interface Mark {
  readonly order: number;
  readonly stream: number;
}

const nothing: Wishes = { apps: [], groups: [] };

export class MirrorState {
  readonly store = new AppStore();
  readonly plans = new Plans();
  readonly drift = new Drift();
  readonly #memory = new TaskMemory();
  readonly #answers = new AnswerOrder();
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
  readonly #events = new MirrorEvents({
    ...{ store: this.store, plans: this.plans, memory: this.#memory, absent: this.#absent },
    knowsGoals: () => this.#settled && this.hasGoals,
  });

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
    this.#answers.sent(++this.#order);
    return { order: this.#order, stream: this.#stream };
  }

  /** To be called once for each mark, when its answer is installed or there will be none. */
  over({ order }: Mark): void {
    this.#answers.over(order);
  }

  /** Whether something newer than this request's answer is known of the app. */
  isOutdated({ order, stream }: Mark, id: AppId, isPod = this.#isPod(id)): boolean {
    return stream !== this.#stream || this.#answers.isOutdated(order, id, isPod);
  }

  /** Takes one event; the answer names what has to be fetched. */
  apply(event: MarathonEvent, now: number): Wishes {
    if (!this.#hasBase) {
      this.#early.push(event);
      return nothing;
    }
    const order = ++this.#order;
    const wishes = this.#events.take(event, now, order);
    if ('appId' in event && event.appId !== undefined) this.drift.touched(event.appId, order);
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
    if (answer !== undefined || this.isOutdated(mark, id)) return;
    this.#remove(mark, id);
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

  #isPod(id: AppId): boolean {
    return this.apps.get(id)?.kind === 'pod';
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
      if (
        id.startsWith(prefix) &&
        !listed.has(id) &&
        !(unknown && this.#isPod(id)) &&
        !this.isOutdated(mark, id)
      )
        this.#remove(mark, id);
    this.#answers.listed({
      ...{ order: mark.order, prefix, hasPods: !unknown },
      silentOn: new Set(list.malformed),
    });
  }

  #remove({ order }: Mark, id: AppId): void {
    this.#answers.answered(order, id);
    this.store.remove(id);
  }

  #installApp(mark: Mark, fetched: App, now: number): void {
    if (this.isOutdated(mark, fetched.id, fetched.kind === 'pod')) return;
    this.#absent.delete(fetched.id);
    const memory = this.#memory;
    const merged = mergeApp(this.apps.get(fetched.id), fetched, {
      isDead: (task) => memory.isDead(task.id),
      isOurs: (task) => memory.order(task.id) > mark.order,
      isStateOurs: (task) => memory.stateOrder(task.id) > mark.order,
      isHealthOurs: (task) => memory.healthOrder(task.id) > mark.order,
      isLeaving: (task) => memory.isLeaving(task.id, now),
    });
    this.#answers.answered(mark.order, fetched.id);
    this.store.install(merged);
  }
}

/** What the ids of all apps in a group begin with. */
const below = (group: string): string => (group.endsWith('/') ? group : `${group}/`);
