/** Asks HAProxy again and again for one virtual host, over kept connections as clients do, and tells who answered. */
import { connect, type Socket } from 'node:net';
import { now } from './messages.ts';

export interface ProbeAnswer {
  /** `address:port` of the task that answered; undefined when there was no answer, or not one of a task. */
  readonly task: string | undefined;
  /** What came instead. */
  readonly failure: string | undefined;
  /** `now()` when the answer's first bytes were here. */
  readonly at: number;
}

export interface Probing {
  readonly stop: () => void;
}

/**
 * As many clients as an app has servers here, asking at the same moments: round robin comes to each server once in
 * every such moment.
 */
const clients = 6;
const everyMs = 2;
const patienceMs = 5000;

export function startProbing(port: number, host: string, onAnswer: (answer: ProbeAnswer) => void): Probing {
  const request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const all = Array.from({ length: clients }, () => new Client(port, request, onAnswer));
  const timer = setInterval(() => {
    for (const client of all) client.ask();
  }, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      for (const client of all) client.end();
    },
  };
}

class Client {
  readonly #port: number;
  readonly #request: string;
  readonly #onAnswer: (answer: ProbeAnswer) => void;
  #socket: Socket | undefined;
  #text = '';
  #asked = false;

  constructor(port: number, request: string, onAnswer: (answer: ProbeAnswer) => void) {
    this.#port = port;
    this.#request = request;
    this.#onAnswer = onAnswer;
  }

  /** Unless an answer is still to come. */
  ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#text = '';
    this.#socket ??= this.#open();
    this.#socket.write(this.#request);
  }

  /** What is still to come is not told. */
  end(): void {
    this.#asked = false;
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    const lost = (failure: string) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      socket.destroy();
      // A connection that HAProxy closes while nothing is asked is none of a request's failures.
      this.#tell({ task: undefined, failure });
    };
    socket.setTimeout(patienceMs, () => lost(`no answer within ${patienceMs} ms`));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#text += chunk;
      if (!isWhole(this.#text)) return;
      const task = /"task":"([^"]+)"/.exec(this.#text)?.[1];
      const failure = task === undefined ? this.#text.slice(0, this.#text.indexOf('\r\n')) : undefined;
      const last = /^connection: close\r$/im.test(this.#text);
      this.#tell({ task, failure });
      if (last) lost('');
    });
    socket.on('error', ({ message }) => lost(message));
    socket.on('close', () => lost('closed without an answer'));
    return socket;
  }

  #tell(answer: Omit<ProbeAnswer, 'at'>): void {
    if (!this.#asked) return;
    this.#asked = false;
    this.#onAnswer({ ...answer, at: now() });
  }
}

/** Whether all of an answer is here; every sample task says how long it is. */
function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n');
  const length = Number(/^content-length: (\d+)\r$/im.exec(text)?.[1] ?? NaN);
  return head >= 0 && (Number.isNaN(length) || text.length >= head + 4 + length);
}
