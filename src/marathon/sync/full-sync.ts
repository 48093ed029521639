/**
 * Decides when the full list of apps is fetched: as the base of a stream, on demand, on the slow timer while the stream
 * is up, and as a poll while it is down. One request at a time; a failed one is repeated. Knows nothing of the mirror.
 */
import { messageOf } from '../../errors.ts';
import { Backoff, jittered } from '../bounds/backoff.ts';
import type { MarathonClient } from '../client/client.ts';
import type { DecodedApps } from '../decode/decode.ts';
import { fetchAll } from '../client/fetch.ts';
import type { Mark } from '../mirror/mirror-state.ts';
import type { Moment } from './refetch.ts';
import type { PendingFetch } from '../mirror/source-types.ts';

/** What it needs, and who is told. */
export interface FullSyncOptions {
  readonly client: MarathonClient;
  /** Milliseconds since the epoch, for times that are shown to people. */
  readonly now: () => number;
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number;
  readonly mark: () => Mark;
  /** The request of this mark is over, and its answer, if any, is installed. */
  readonly over: (mark: Mark) => void;
  /** The node that serves the stream; undefined while there is none. */
  readonly node: () => URL | undefined;
  readonly pollMs: number;
  /** There will be no stream: polls begin at once, and a failed one is repeated soon. */
  readonly pollOnly: boolean;
  readonly maxBackoffMs: number | undefined;
  readonly resyncMs: () => number;
  /** Resolves when the answer is installed. */
  readonly onAnswer: (answer: FullAnswer) => Promise<void>;
  readonly onFailed: (error: unknown) => void;
}

/** A full list that was fetched. */
export interface FullAnswer {
  readonly mark: Mark;
  readonly apps: DecodedApps;
  readonly reason: string;
  /** When it was requested, by the monotonic clock. */
  readonly askedAt: number;
  readonly receivedAt: number;
}

/** The reason of a regular resync. */
export const slowTimer = 'slow timer';
const poll = 'poll';
/**
 * Milliseconds between two lists that are requested on demand. At least this, and at least three times as long as one
 * takes.
 */
const gapMs = 1_000;

/** Fetches full lists. */
export class FullSync {
  /** Full lists fetched after the first. */
  resyncs = 0;
  readonly #options: FullSyncOptions;
  readonly #backoff: Backoff;
  #running: AbortController | undefined;
  /** Why another list is needed after the request under way. */
  #again: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #next = poll;
  #startedAt = -Infinity;
  #tookMs = 0;
  #answers = 0;
  /** Since when a list is needed: something may have happened that only a list shows, or a request failed. */
  #wanted: Moment | undefined;
  /** The same, for what happened after the request under way was sent. */
  #wantedAfter: Moment | undefined;
  #lastError: string | undefined;
  #closed = false;

  constructor(options: FullSyncOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.maxBackoffMs);
    this.#schedule(options.pollOnly ? 0 : options.pollMs, poll);
  }

  /** The list that is needed and not here yet: none or one. Does not include the slow timer's. */
  get pending(): PendingFetch[] {
    const since = this.#wanted ?? this.#wantedAfter;
    if (since === undefined) return [];
    const lastError = this.#lastError;
    return [{ kind: 'all', id: '/', since: since.now, ...(lastError !== undefined && { lastError }) }];
  }

  /** The last list could not be fetched. */
  get fails(): boolean {
    return this.#lastError !== undefined;
  }

  /**
   * Requests a list as soon as the minimum pause allows. If a request is under way, another follows, because that one
   * may be too old. `since`: when the reason began.
   */
  request(reason: string, since?: Moment): void {
    this.#want(since ?? this.#moment());
    const gap = Math.max(gapMs, 3 * this.#tookMs);
    this.#schedule(Math.max(0, this.#startedAt + gap - this.#options.elapsed()), reason);
  }

  /** Requests a list at once. A request under way belongs to a stream that is gone. */
  restart(reason: string): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#backoff.reset();
    this.#backoff.next();
    this.#want(this.#moment());
    void this.#run(reason);
  }

  lostStream(): void {
    this.#schedule(this.#startedAt === -Infinity ? 0 : this.#options.pollMs, poll);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#running?.abort();
  }

  #moment(): Moment {
    return { now: this.#options.now(), elapsed: this.#options.elapsed() };
  }

  #want(since: Moment): void {
    // The request under way may be too old for what happened after it was sent.
    if (this.#running !== undefined && since.elapsed > this.#startedAt) this.#wantedAfter ??= since;
    else this.#wanted = earlier(this.#wanted, since);
  }

  /** Keeps the earlier of the planned time and this one. */
  #schedule(delayMs: number, reason: string): void {
    const dueAt = this.#options.elapsed() + delayMs;
    if (this.#closed || dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#next = reason;
    this.#timer = setTimeout(() => {
      this.#dueAt = Infinity;
      if (this.#running === undefined) void this.#run(this.#next);
      else this.#again = this.#next;
    }, delayMs);
  }

  async #run(reason: string): Promise<void> {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    this.#again = undefined;
    const { client, now, elapsed, node, onAnswer, onFailed } = this.#options;
    const request = (this.#running = new AbortController());
    const asked = this.#moment();
    const askedAt = (this.#startedAt = asked.elapsed);
    const mark = this.#options.mark();
    const prefer = node();
    const isOver = () => request.signal.aborted;
    try {
      const apps = await fetchAll(client, {
        signal: request.signal,
        ...(prefer !== undefined && { prefer }),
      });
      if (isOver()) return;
      if (this.#answers++ > 0) this.resyncs++;
      this.#backoff.reset();
      this.#backoff.next();
      this.#tookMs = elapsed() - askedAt;
      this.#lastError = undefined;
      await onAnswer({ mark, apps, reason, askedAt, receivedAt: now() });
      if (isOver()) return;
      this.#wanted = this.#wantedAfter;
      this.#wantedAfter = undefined;
    } catch (error) {
      if (isOver()) return;
      this.#wanted = earlier(this.#wanted, asked);
      this.#wantedAfter = undefined;
      this.#lastError = messageOf(error);
      onFailed(error);
      if (node() !== undefined || this.#options.pollOnly) this.#schedule(this.#backoff.next(), reason);
    } finally {
      this.#options.over(mark);
    }
    this.#running = undefined;
    this.#runAgain();
    if (node() === undefined) this.#schedule(jittered(this.#options.pollMs), poll);
    else this.#schedule(jittered(this.#options.resyncMs()), slowTimer);
  }

  #runAgain(): void {
    const reason = this.#again;
    if (reason !== undefined) this.request(reason);
  }
}

const earlier = (a: Moment | undefined, b: Moment): Moment =>
  a === undefined || b.elapsed < a.elapsed ? b : a;
