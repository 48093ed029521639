/**
 * Fetches the apps and groups that events name: one request at a time for each, a second one when it was named
 * again meanwhile, and the full list when there are too many. A request that failed is made again, with growing
 * pauses, until it or a list that was asked for later succeeds. It must not know why apps are named.
 */
import { messageOf } from '../../errors.ts';
import type { AppId } from '../../core/model/ids.ts';
import { Backoff } from '../bounds/backoff.ts';
import type { Wishes } from '../mirror/plans.ts';
import type { PendingFetch } from '../mirror/source-types.ts';

/** What led to a request; handed back with its answer. */
export interface Cause {
  readonly text: string;
  readonly receivedAt: number;
  readonly eventTime: number | undefined;
}

export type Target =
  { readonly kind: 'app'; readonly id: AppId } | { readonly kind: 'group'; readonly id: string };

export interface RefetchOptions {
  /** Fetches and installs; rejects where that failed. */
  readonly fetch: (target: Target, cause: Cause) => Promise<void>;
  /** The list is wanted instead; `since`: when the first of those that it replaces was named. */
  readonly onTooMany: (since: Moment) => void;
  readonly onFailed: (error: unknown) => void;
  /** The system's clocks unless told. */
  readonly moment?: () => Moment;
  readonly maxBackoffMs?: number | undefined;
}

/** One point in time by both clocks. */
export interface Moment {
  /** Ms since 1970, for times that are reported. */
  readonly now: number;
  /** Milliseconds that only grow, for everything that is compared. */
  readonly elapsed: number;
}

/** An app or a group that was named and has not been fetched since. */
interface Wanted {
  readonly target: Target;
  readonly cause: Cause;
  /** The first time since the last fetch of it. */
  named: Moment;
  /** The last time: only what is asked for after it can be its answer. */
  namedLast: Moment;
  readonly backoff: Backoff;
  /** By the clock that only grows. */
  dueAt: number;
  lastError: string | undefined;
  failures: number;
}

/** From here on one request for everything is cheaper. */
const tooMany = 50;
const concurrency = 4;
/** The longest pause before the next try for one that is named again. */
const soonMs = 500;

export class Refetch {
  readonly #options: RefetchOptions;
  readonly #moment: () => Moment;
  readonly #waiting = new Map<string, Wanted>();
  readonly #inFlight = new Map<string, Wanted>();
  #timer: NodeJS.Timeout | undefined;
  /** When the latest list of all was asked for that is here, or that others see to. */
  #coveredAt = -Infinity;
  #closed = false;

  constructor(options: RefetchOptions) {
    this.#options = options;
    this.#moment = options.moment ?? (() => ({ now: Date.now(), elapsed: performance.now() }));
  }

  get idle(): boolean {
    return this.#waiting.size === 0 && this.#inFlight.size === 0;
  }

  /** What was named and is not fetched yet, in no order; an app that is named again while it is fetched counts once. */
  get pending(): PendingFetch[] {
    const all = new Map([...this.#waiting, ...this.#inFlight]);
    const uncovered = [...all.values()].filter((wanted) => !this.#isCovered(wanted));
    return uncovered.map(({ target: { kind, id }, named, lastError }) => ({
      ...{ kind, id, since: named.now },
      ...(lastError !== undefined && { lastError }),
    }));
  }

  wish({ apps, groups }: Wishes, cause: Cause): void {
    for (const id of apps) this.#add(`app ${id}`, { kind: 'app', id }, cause);
    for (const id of groups) this.#add(`group ${id}`, { kind: 'group', id }, cause);
    // The list of all apps is what a fetch of the root group would be.
    if (this.#waiting.size > tooMany || groups.includes('/')) {
      const [first] = [...this.#waiting.values()].sort((a, b) => a.named.elapsed - b.named.elapsed);
      this.#waiting.clear();
      this.#options.onTooMany(first?.named ?? this.#moment());
    }
    this.#start();
  }

  /** A list of all, asked for at this time by the clock that only grows, covers what was named before. */
  covered(askedAt: number): void {
    this.#coveredAt = Math.max(this.#coveredAt, askedAt);
    for (const [key, wanted] of this.#waiting) if (this.#isCovered(wanted)) this.#waiting.delete(key);
    // What one was named for at first may be covered, and what it was named for later not.
    for (const wanted of [...this.#waiting.values(), ...this.#inFlight.values()])
      if (wanted.named.elapsed <= this.#coveredAt) wanted.named = wanted.namedLast;
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    clearTimeout(this.#timer);
  }

  #add(key: string, target: Target, cause: Cause): void {
    const known = this.#waiting.get(key);
    if (known === undefined) {
      this.#waiting.set(key, this.#wanted(target, cause));
      return;
    }
    known.namedLast = this.#moment();
    // Whatever kept the last request from succeeding may be over; a storm of events must not become one of requests.
    known.dueAt = known.failures > 1 ? Math.min(known.dueAt, known.namedLast.elapsed + soonMs) : 0;
  }

  #isCovered({ namedLast }: Wanted): boolean {
    return namedLast.elapsed <= this.#coveredAt;
  }

  #wanted(target: Target, cause: Cause): Wanted {
    const { maxBackoffMs } = this.#options;
    const backoff = new Backoff(maxBackoffMs);
    // The first of its pauses is none.
    backoff.next();
    const named = this.#moment();
    const state = { dueAt: 0, lastError: undefined, failures: 0 };
    return { target, cause, named, namedLast: named, backoff, ...state };
  }

  #start(): void {
    clearTimeout(this.#timer);
    const { elapsed } = this.#moment();
    let next = Infinity;
    for (const [key, wanted] of this.#waiting) {
      if (this.#inFlight.size >= concurrency) return;
      if (this.#inFlight.has(key)) continue;
      if (wanted.dueAt > elapsed) next = Math.min(next, wanted.dueAt);
      else void this.#run(key, wanted);
    }
    if (next < Infinity) this.#timer = setTimeout(() => this.#start(), next - elapsed);
  }

  async #run(key: string, wanted: Wanted): Promise<void> {
    const { fetch, onFailed } = this.#options;
    this.#waiting.delete(key);
    this.#inFlight.set(key, wanted);
    try {
      await fetch(wanted.target, wanted.cause);
    } catch (error) {
      wanted.failures++;
      wanted.lastError = messageOf(error);
      wanted.dueAt = this.#moment().elapsed + wanted.backoff.next();
      // One that was named again meanwhile takes over how long it has been unknown.
      wanted.namedLast = this.#waiting.get(key)?.namedLast ?? wanted.namedLast;
      if (!this.#closed && !this.#isCovered(wanted)) this.#waiting.set(key, wanted);
      onFailed(error);
    }
    this.#inFlight.delete(key);
    if (!this.#closed) this.#start();
  }
}
