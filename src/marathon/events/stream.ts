/**
 * One connection to the event stream, from the request to its end: frames, heartbeats, the watchdog. Never reconnects,
 * and knows nothing of what the frames mean.
 */
import { EventSource } from 'eventsource';
import { describeUrl, type Endpoints } from '../http/endpoints.ts';
import { describeBytes, maxEventBytes } from '../bounds/limits.ts';
import { openEvents } from '../http/redirect.ts';
import type { Transport } from '../http/transport.ts';

/** The connection, and who is told. */
export interface StreamOptions {
  readonly endpoint: URL;
  readonly query: string;
  readonly endpoints: Endpoints;
  readonly transport: Transport;
  /** Milliseconds without a byte after which the connection is ended. Heartbeats count. */
  readonly watchdogMs: number;
  /** Bytes of the largest event. A larger one ends the connection. */
  readonly maxEventBytes?: number;
  readonly signal: AbortSignal;
  /** The node answered. It may still close without sending anything. */
  readonly onOpen: (node: URL) => void;
  readonly onBytes: () => void;
  readonly onFrame: (name: string, data: string) => void;
}

/** The reason if Marathon ended the stream. */
export const closedByMarathon = 'Marathon closed the event stream';

/** Resolves with the reason when the connection has ended. */
export async function runStream(options: StreamOptions): Promise<string> {
  const { endpoint, endpoints, signal, watchdogMs } = options;
  const { maxEventBytes: maxBytes = maxEventBytes } = options;
  let reached: URL | undefined;
  /** Bytes since the last frame: the parser keeps them until the next one. */
  let unread = 0;
  const onFrame = (name: string, data: string) => {
    unread = 0;
    options.onFrame(name, data);
  };
  return new Promise((resolve) => {
    const end = (reason: string) => {
      if (reached !== undefined) endpoints.lostStream(reached);
      else if (!signal.aborted) endpoints.failed(endpoint, reason);
      clearTimeout(watchdog);
      signal.removeEventListener('abort', abort);
      // eventsource starts its retry timer after the error event: closing during the event would not stop it.
      queueMicrotask(() => source.close());
      resolve(reason);
    };
    const abort = () => end('closed');
    const watchdog = setTimeout(() => end(`no byte for ${watchdogMs / 1000} s`), watchdogMs);
    const source = new Frames(endpoint, onFrame, async (_url, init) => {
      // Only our own close() aborts this signal; an AbortError from elsewhere would end the connection silently.
      const { response, node } = await openEvents(endpoint, options.query, {
        ...options,
        signal: init.signal as AbortSignal,
      });
      if (response.status === 200) {
        const leader = response.headers.get('x-marathon-leader');
        if (leader !== null) endpoints.learnLeader(leader, node);
        reached = node;
        options.onOpen(node);
      }
      const noted = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          watchdog.refresh();
          options.onBytes();
          unread += chunk.byteLength;
          if (unread <= maxBytes) controller.enqueue(chunk);
          else end(`an event is larger than ${describeBytes(maxBytes)}`);
        },
      });
      const body = response.body?.pipeThrough(noted) ?? null;
      return {
        body,
        url: describeUrl(node),
        status: response.status,
        redirected: false,
        headers: response.headers,
      };
    });
    source.addEventListener('error', ({ code, message }) => end(reasonOf(code, message)));
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
}

/**
 * Receives all frames, whatever their name: EventSource has listeners only by name, and would take a frame named
 * `error` for the end of the connection.
 */
class Frames extends EventSource {
  readonly #onFrame: (name: string, data: string) => void;

  constructor(
    url: URL,
    onFrame: (name: string, data: string) => void,
    fetch: NonNullable<NonNullable<ConstructorParameters<typeof EventSource>[1]>['fetch']>,
  ) {
    super(url, { fetch });
    this.#onFrame = onFrame;
  }

  override dispatchEvent(event: Event): boolean {
    if (!(event instanceof MessageEvent)) return super.dispatchEvent(event);
    if (typeof event.data === 'string') this.#onFrame(event.type, event.data);
    return true;
  }
}

function reasonOf(code: number | undefined, message: string | undefined): string {
  if (code === 401 || code === 403) return `Marathon refuses the credentials for its event stream (${code})`;
  if (code === 200) return `the answer is not an event stream: ${message ?? ''}`;
  if (code !== undefined) return `Marathon answers ${code} instead of an event stream`;
  return message ?? closedByMarathon;
}
