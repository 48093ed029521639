/** One reader of /v2/events: exact bytes on its socket, a queue for when it reads slowly, a heartbeat. */
import type { Socket } from 'node:net';
import type { Frame } from './bus.ts';

export interface StreamOptions {
  /** Names of the events wanted; empty = all. */
  readonly types: ReadonlySet<string>;
  readonly heartbeatMs: number;
  readonly maxOutstanding: number;
  readonly slowReaders: 'close' | 'drop';
}

export class EventStream {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #options: StreamOptions;
  readonly #queue: Frame[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  #writing = false;
  #held = false;
  #forgotten = false;
  dropped = 0;

  constructor(socket: Socket, options: StreamOptions) {
    this.#socket = socket;
    this.#options = options;
    this.remoteAddress = socket.remoteAddress ?? 'unknown';
    socket.setNoDelay(true);
    socket.setTimeout(0);
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs);
    socket.on('close', () => clearInterval(this.#heartbeat));
  }

  /** Called for each event, wanted or not: [marathon] the queue counts those as well. */
  send(frame: Frame): void {
    if (this.#forgotten || this.#socket.destroyed) return;
    if (!this.#writing && !this.#held) {
      this.#write(frame);
      return;
    }
    if (this.#queue.length < this.#options.maxOutstanding) this.#queue.push(frame);
    else if (this.#options.slowReaders === 'close') this.close();
    else this.dropped += 1;
  }

  /** Bytes as they are, past filter and queue. */
  writeRaw(bytes: string | Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** The beginning of an event, and then the same line without an end, as fast as it is read. */
  writeEndless(beginning: string): void {
    const chunk = Buffer.alloc(256 * 1024, 'x');
    const more = () => {
      while (!this.#socket.destroyed && this.#socket.write(chunk));
    };
    clearInterval(this.#heartbeat);
    this.writeRaw(beginning);
    this.#socket.on('drain', more);
    more();
  }

  /** RejectedServices all bytes back, heartbeats included; the connection stays open. */
  hold(): void {
    this.#held = true;
  }

  unhold(): void {
    this.#held = false;
    this.#next();
  }

  /** Like a peer that vanished: nothing comes any more, and nothing tells the reader so. */
  forget(): void {
    this.#forgotten = true;
    this.#queue.length = 0;
    clearInterval(this.#heartbeat);
  }

  /** Ends the body: what is written already still arrives. */
  close(): void {
    clearInterval(this.#heartbeat);
    this.#queue.length = 0;
    this.#socket.end();
    // A reader that does not read would keep the socket for ever.
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  /** Cuts the connection, with the beginning of a frame as the last bytes if asked for. */
  cut(midFrame: boolean): void {
    clearInterval(this.#heartbeat);
    if (midFrame) this.#socket.end('event: status_update_event\r\ndata: {"slaveId":"5f1c0a-S0","taskId":"cu');
    else this.#socket.resetAndDestroy();
  }

  #write(frame: Frame): void {
    const { types } = this.#options;
    if (types.size > 0 && !types.has(frame.type)) return;
    this.#writing = true;
    this.#socket.write(frame.text, () => {
      this.#writing = false;
      this.#next();
    });
  }

  #next(): void {
    while (!this.#writing && !this.#held && !this.#socket.destroyed) {
      const frame = this.#queue.shift();
      if (!frame) return;
      this.#write(frame);
    }
  }

  /** [marathon] Jetty writes the two bytes apart, so they often come in two segments. */
  #beat(): void {
    if (this.#held || this.#writing || this.#socket.destroyed) return;
    this.#writing = true;
    this.#socket.write('\r', () => {
      setImmediate(() => {
        this.#socket.write('\n', () => {
          this.#writing = false;
          this.#next();
        });
      });
    });
  }
}
