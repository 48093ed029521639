/**
 * Fetches the apps and groups that events name: one request at a time for each, another one if it was named again
 * meanwhile, and the full list if there are too many. A failed request is repeated with growing pauses, until it or a
 * list that was requested later succeeds. Why apps are named is decided elsewhere.
 */
import { messageOf } from '../../errors.ts';
import type { AppId } from '../../core/model/ids.ts';
import { Backoff } from '../bounds/backoff.ts';
import type { Wishes } from '../mirror/plans.ts';
import type { PendingFetch } from '../mirror/source-types.ts';

/** What caused a request; returned with its answer. */
export interface Cause {
  readonly text: string;
  readonly receivedAt: number;
  readonly eventTime: number | undefined;
}

/** What to fetch. */
export type Target =
  { readonly kind: 'app'; readonly id: AppId } | { readonly kind: 'group'; readonly id: string };

/** How to fetch, and who is told. */
export interface RefetchOptions {
  /** Fetches and installs; rejects if that failed. */
  readonly fetch: (target: Target, cause: Cause) => Promise<void>;
  /** A list is needed instead. `since`: when the first of the apps that it replaces was named. */
  readonly onTooMany: (since: Moment) => void;
  readonly onFailed: (error: unknown) => void;
  /** Default: the system's clocks. */
  readonly moment?: () => Moment;
  readonly maxBackoffMs?: number | undefined;
}

/** One point in time on both clocks. */
export interface Moment {
  /** Milliseconds since the epoch, for times that are reported. */
  readonly now: number;
  /** Milliseconds on a monotonic clock, for everything that is compared. */
  readonly elapsed: number;
}

/** An app or a group that was named and has not been fetched since. */
interface Wanted {
  readonly target: Target;
  readonly cause: Cause;
  /** When it was first named since its last fetch. */
  named: Moment;
  /** When it was last named. Only a request sent after that can answer it. */
  namedLast: Moment;
  readonly backoff: Backoff;
  /** By the monotonic clock. */
  dueAt: number;
  lastError: string | undefined;
  failures: number;
}

/** From this many apps on, one request for everything is cheaper. */
const tooMany = 50;
const concurrency = 4;
/** Milliseconds. The longest pause before the next attempt for an app that is named again. */
const soonMs = 500;

/** Fetches what is named. */
export class Refetch {
  readonly #options: RefetchOptions;
  readonly #moment: () => Moment;
  readonly #waiting = new Map<string, Wanted>();
  readonly #inFlight = new Map<string, Wanted>();
  #timer: NodeJS.Timeout | undefined;
  /** When the latest list was requested that has arrived, or that others take care of. */
  #coveredAt = -Infinity;
  #closed = false;

  constructor(options: RefetchOptions) {
    this.#options = options;
    this.#moment = options.moment ?? (() => ({ now: Date.now(), elapsed: performance.now() }));
  }

  get idle(): boolean {
    return this.#waiting.size === 0 && this.#inFlight.size === 0;
  }

  /**
   * What was named and is not fetched yet, in no order. An app that is named again while it is being fetched counts
   * once.
   */
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
    // Fetching the root group would be the list of all apps.
    if (this.#waiting.size > tooMany || groups.includes('/')) {
      const [first] = [...this.#waiting.values()].sort((a, b) => a.named.elapsed - b.named.elapsed);
      this.#waiting.clear();
      this.#options.onTooMany(first?.named ?? this.#moment());
    }
    this.#start();
  }

  /** A list of all apps, requested at this time by the monotonic clock, covers what was named before. */
  covered(askedAt: number): void {
    this.#coveredAt = Math.max(this.#coveredAt, askedAt);
    for (const [key, wanted] of this.#waiting) if (this.#isCovered(wanted)) this.#waiting.delete(key);
    // The first reason may be covered while a later one is not.
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
    // The reason for the last failure may be over. But a storm of events must not become a storm of requests.
    known.dueAt = known.failures > 1 ? Math.min(known.dueAt, known.namedLast.elapsed + soonMs) : 0;
  }

  #isCovered({ namedLast }: Wanted): boolean {
    return namedLast.elapsed <= this.#coveredAt;
  }

  #wanted(target: Target, cause: Cause): Wanted {
    const { maxBackoffMs } = this.#options;
    const backoff = new Backoff(maxBackoffMs);
    // The first pause is zero.
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
      // If the app was named again meanwhile, the new entry keeps the time since when it is unknown.
      wanted.namedLast = this.#waiting.get(key)?.namedLast ?? wanted.namedLast;
      if (!this.#closed && !this.#isCovered(wanted)) this.#waiting.set(key, wanted);
      onFailed(error);
    }
    this.#inFlight.delete(key);
    if (!this.#closed) this.#start();
  }
}
