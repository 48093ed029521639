/**
 * The event stream, without end: attaches, decodes, and when a connection ends attaches again, first at once to the
 * next endpoint and then with growing pauses. What the events change is decided elsewhere.
 * [marathon] a stream from a node that is no leader yet is answered with 200 and closed without a frame
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import { Backoff } from '../bounds/backoff.ts';
import { decodeEvent } from './decode-event.ts';
import { describeUrl, type Endpoints } from '../http/endpoints.ts';
import { followedTypes, type MarathonEvent } from '../decode/event-types.ts';
import { closedByMarathon, runStream } from './stream.ts';
import type { Transport } from '../http/transport.ts';

/** What the stream needs, and who is told. */
export interface EventsOptions {
  readonly endpoints: Endpoints;
  readonly transport: Transport;
  readonly watchdogMs: number;
  /** False: never attach. */
  readonly wanted?: boolean;
  readonly maxBackoffMs?: number | undefined;
  /** Milliseconds since the epoch, for times that are shown to people. */
  readonly now: () => number;
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number;
  /** The first frame of a connection: from now on every event is received. */
  readonly onAttached: (node: URL, endpoint: URL) => void;
  readonly onEvent: (event: MarathonEvent, receivedAt: number) => void;
  /** Any byte of an attached stream, also of heartbeats. */
  readonly onBytes: (receivedAt: number) => void;
  /** A frame that cannot be read. It may have announced anything. */
  readonly onUnreadable: (reason: string) => void;
  /** A connection has ended, whether it was attached or not. */
  readonly onDown: (reason: string, attached: boolean) => void;
}

/** Counters of the stream, for the status. */
export interface EventCounts {
  readonly events: Record<string, number>;
  unknown: number;
  malformed: number;
  /** Connection attempts after the first. */
  reconnects: number;
}

/** If a stream lasted this many milliseconds, the next one is attached at once. */
const stableMs = 5_000;

const query = new URLSearchParams([
  // [marathon] without this, 1.6 and 1.7 put whole groups into the plans
  ['plan-format', 'light'],
  ...followedTypes.map((type): [string, string] => ['event_type', type]),
]).toString();

const nobody = { attachedAt: undefined, reason: 'no Marathon has been found yet' };

/** Follows the event stream until it is closed. */
export class MarathonEvents {
  readonly counts: EventCounts = { events: {}, unknown: 0, malformed: 0, reconnects: 0 };
  readonly #options: EventsOptions;
  readonly #closed = new AbortController();
  readonly #backoff: Backoff;
  readonly #running: Promise<void>;
  #connection = new AbortController();
  #pause = new AbortController();

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.maxBackoffMs);
    this.#running = options.wanted === false ? Promise.resolve() : this.#run();
  }

  /** There is a new endpoint to ask: ends the pause before the next attempt. */
  wake(): void {
    this.#pause.abort();
  }

  /** Attaches again, to the endpoint that `Endpoints` names: the present node is no longer the leader. */
  reattach(): void {
    this.#connection.abort();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#connection.abort();
    this.#pause.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { endpoints, elapsed, onDown } = this.#options;
    const { signal } = this.#closed;
    let endpoint: URL | undefined;
    for (;;) {
      endpoint = endpoints.following(endpoint);
      const { attachedAt, reason } = endpoint === undefined ? nobody : await this.#connect(endpoint);
      if (signal.aborted) return;
      if (attachedAt !== undefined && elapsed() - attachedAt >= stableMs) this.#backoff.reset();
      const where = endpoint === undefined ? '' : `${describeUrl(endpoint)}: `;
      onDown(`${where}${reason}`, attachedAt !== undefined);
      this.#pause = new AbortController();
      await sleep(this.#backoff.next(), undefined, { signal: this.#pause.signal }).catch(() => undefined);
      if (this.#closed.signal.aborted) return;
      this.counts.reconnects++;
    }
  }

  async #connect(endpoint: URL): Promise<{ attachedAt: number | undefined; reason: string }> {
    const { endpoints, transport, watchdogMs, now, elapsed } = this.#options;
    const connection = (this.#connection = new AbortController());
    const seen: { node: URL; receivedAt: number; attachedAt: number | undefined; gaveUp: boolean } = {
      node: endpoint,
      receivedAt: now(),
      attachedAt: undefined,
      gaveUp: false,
    };
    // Heartbeats alone keep a connection alive, but a stream that is never attached carries no events.
    const unattached = setTimeout(() => {
      seen.gaveUp = true;
      connection.abort();
    }, watchdogMs);
    const reason = await runStream({
      endpoint,
      query,
      endpoints,
      transport,
      watchdogMs,
      signal: connection.signal,
      onOpen: (node) => (seen.node = node),
      onBytes: () => {
        seen.receivedAt = now();
        if (seen.attachedAt !== undefined) this.#options.onBytes(seen.receivedAt);
      },
      onFrame: (name, data) => {
        // [marathon] HttpEventStreamHandleActor subscribes before it announces itself: any frame is proof.
        if (seen.attachedAt === undefined) {
          clearTimeout(unattached);
          seen.attachedAt = elapsed();
          this.#options.onAttached(seen.node, endpoint);
        }
        this.#take(name, data, seen.receivedAt);
      },
    });
    clearTimeout(unattached);
    const { attachedAt } = seen;
    if (seen.gaveUp) return { attachedAt, reason: 'the stream was open but never attached' };
    if (attachedAt === undefined && reason === closedByMarathon)
      return { attachedAt, reason: 'there is no leader yet' };
    return { attachedAt, reason };
  }

  #take(name: string, data: string, receivedAt: number): void {
    try {
      const decoded = decodeEvent(name, data);
      if (decoded.kind === 'event') {
        const { type } = decoded.event;
        this.counts.events[type] = (this.counts.events[type] ?? 0) + 1;
        this.#options.onEvent(decoded.event, receivedAt);
      } else if (decoded.kind === 'ignored') this.counts.unknown++;
      else this.#unreadable(decoded.reason);
    } catch (error) {
      this.#unreadable(messageOf(error));
    }
  }

  #unreadable(reason: string): void {
    this.counts.malformed++;
    this.#options.onUnreadable(reason);
  }
}
