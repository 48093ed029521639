/**
 * The event stream without an end: attaches, decodes, and attaches again when a connection is over, to the next
 * endpoint at once and then with growing pauses. It must not know what the events change.
 * [marathon] a stream that is not led by a leader yet is answered with 200 and closed without a frame
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import { Backoff } from '../bounds/backoff.ts';
import { decodeEvent } from './decode-event.ts';
import { describeUrl, type Endpoints } from '../http/endpoints.ts';
import { followedTypes, type MarathonEvent } from '../decode/event-types.ts';
import { closedByMarathon, runStream } from './stream.ts';
import type { Transport } from '../http/transport.ts';

export interface EventsOptions {
  readonly endpoints: Endpoints;
  readonly transport: Transport;
  readonly watchdogMs: number;
  /** False: never attached. */
  readonly wanted?: boolean;
  readonly maxBackoffMs?: number | undefined;
  /** Ours, for times that are told. */
  readonly now: () => number;
  /** Milliseconds that only grow, whatever becomes of the clock. */
  readonly elapsed: () => number;
  /** The first frame of a connection: whatever happens from now on is told. */
  readonly onAttached: (node: URL, endpoint: URL) => void;
  readonly onEvent: (event: MarathonEvent, receivedAt: number) => void;
  /** Any byte of an attached stream, heartbeats too. */
  readonly onBytes: (receivedAt: number) => void;
  /** A frame that cannot be read may have told anything. */
  readonly onUnreadable: (reason: string) => void;
  /** A connection is over, whether it was attached or not. */
  readonly onDown: (reason: string, attached: boolean) => void;
}

export interface EventCounts {
  readonly events: Record<string, number>;
  unknown: number;
  malformed: number;
  /** Connections tried after the first. */
  reconnects: number;
}

/** A stream that lived this long was no accident: the next one is attached at once. */
const stableMs = 5_000;

const query = new URLSearchParams([
  // [marathon] 1.6 and 1.7 put whole groups into the plans otherwise
  ['plan-format', 'light'],
  ...followedTypes.map((type): [string, string] => ['event_type', type]),
]).toString();

const nobody = { attachedAt: undefined, reason: 'no Marathon has been found yet' };

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

  /** There is somebody new to ask: a pause before the next try is over. */
  wake(): void {
    this.#pause.abort();
  }

  /** Attaches anew, wherever `Endpoints` says: the node that is attached leads no more. */
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
    // Heartbeats alone keep a connection alive, but one that is never attached tells nothing.
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
