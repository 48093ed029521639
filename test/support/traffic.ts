/**
 * A load client that knows what a failed request is: one that was written and got no whole answer, or could
 * not be sent because nobody accepted. A connection closed while nothing was asked is no failure.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

export interface TrafficOptions {
  readonly port: number;
  /** 127.0.0.1 unless told. */
  readonly address?: string;
  /** Connections that are kept; each is opened again when the other side closes it. */
  readonly keepAlive?: number;
  /** Clients that open a connection for each request. */
  readonly close?: number;
  /** What the client with this number asks for; `/` of `localhost` unless told. */
  readonly target?: (client: number) => { readonly host: string; readonly path: string };
  /** The longest pause between two requests of a client, in milliseconds; 20 unless told. */
  readonly maxIdleMs?: number;
  /** The shortest; 0 unless told. */
  readonly minIdleMs?: number;
  /** Milliseconds for a connection, and for an answer; 10,000 unless told. */
  readonly timeoutMs?: number;
  /** Statuses that are no failure; 200 unless told. */
  readonly allowed?: readonly number[];
  readonly tls?: boolean;
}

export interface TrafficResult {
  readonly ok: number;
  readonly failed: number;
  /** Kept connections the other side closed while nothing was asked, or said it would close. No failures. */
  readonly idleCloses: number;
  /** The failures by what happened, e.g. `connect ECONNREFUSED`, `closed`, `status 503`. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers by their status. */
  readonly statuses: Readonly<Record<string, number>>;
}

export interface Traffic {
  start(): void;
  /** What has been counted so far. */
  result(): TrafficResult;
  /** Lets the requests under way end. */
  stop(): Promise<TrafficResult>;
}

export function createTraffic(options: TrafficOptions): Traffic {
  const { keepAlive = 0, close = 0, minIdleMs = 0, maxIdleMs = 20 } = options;
  const counts = {
    ok: 0,
    idleCloses: 0,
    failures: {} as Record<string, number>,
    statuses: {} as Record<string, number>,
  };
  let running = false;
  let clients: Promise<void>[] = [];

  const client = async (index: number, keep: boolean) => {
    const { host, path } = options.target?.(index) ?? { host: 'localhost', path: '/' };
    let connection: Connection | undefined;
    while (running) {
      if (connection?.closed === true) {
        counts.idleCloses++;
        connection = undefined;
      }
      try {
        connection ??= await Connection.open(options, host);
        const { status, closes } = await connection.request(host, path, keep);
        counts.statuses[status] = (counts.statuses[status] ?? 0) + 1;
        if (!(options.allowed ?? [200]).includes(status)) throw new Error(`status ${status}`);
        counts.ok++;
        if (closes || !keep) {
          if (keep) counts.idleCloses++;
          connection.end();
          connection = undefined;
        }
      } catch (error) {
        connection?.end();
        connection = undefined;
        const what = error instanceof Error ? error.message : String(error);
        counts.failures[what] = (counts.failures[what] ?? 0) + 1;
      }
      await sleep(minIdleMs + Math.random() * (maxIdleMs - minIdleMs));
    }
    connection?.end();
  };

  const result = (): TrafficResult => ({
    ok: counts.ok,
    failed: Object.values(counts.failures).reduce((sum, count) => sum + count, 0),
    idleCloses: counts.idleCloses,
    failures: { ...counts.failures },
    statuses: { ...counts.statuses },
  });

  return {
    start: () => {
      running = true;
      clients = Array.from({ length: keepAlive + close }, (_, index) => client(index, index < keepAlive));
    },
    result,
    stop: async () => {
      running = false;
      await Promise.all(clients);
      return result();
    },
  };
}

/** One connection, one request at a time. */
class Connection {
  closed = false;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #received = '';
  #asked = false;
  #settle: ((error?: Error) => void) | undefined;

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#received += chunk;
      this.#settle?.();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#close(error.code ?? error.message);
    });
    socket.on('close', () => {
      this.#close('closed');
    });
    socket.on('end', () => {
      this.#close('closed');
    });
  }

  static open(
    { port, address = '127.0.0.1', timeoutMs = 10_000, tls }: TrafficOptions,
    servername: string,
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket =
        tls === true
          ? connectTls({ port, host: address, servername, rejectUnauthorized: false })
          : connectTcp({ port, host: address });
      const timer = setTimeout(() => {
        socket.destroy(new Error('timeout'));
      }, timeoutMs);
      const failed = (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        reject(new Error(`connect ${error.code ?? error.message}`));
      };
      socket.once('error', failed);
      socket.once(tls === true ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.off('error', failed);
        resolve(new Connection(socket, timeoutMs));
      });
    });
  }

  /** Rejects when the answer is not whole. */
  async request(host: string, path: string, keep: boolean): Promise<{ status: number; closes: boolean }> {
    this.#received = '';
    this.#asked = true;
    const close = keep ? '' : 'Connection: close\r\n';
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${close}\r\n`);
    const timer = setTimeout(() => {
      this.#close('no answer in time');
    }, this.#timeoutMs);
    try {
      for (;;) {
        const response = parseResponse(this.#received, this.closed);
        if (response !== undefined) return response;
        await new Promise<void>((resolve, reject) => {
          if (this.closed) reject(new Error('closed'));
          this.#settle = (error) => (error === undefined ? resolve() : reject(error));
        });
      }
    } finally {
      clearTimeout(timer);
      this.#settle = undefined;
      this.#asked = false;
    }
  }

  end(): void {
    this.#socket.destroy();
  }

  #close(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.#socket.destroy();
    // A response that ends with the connection is whole now; any other is not.
    if (this.#asked)
      this.#settle?.(parseResponse(this.#received, true) === undefined ? new Error(reason) : undefined);
  }
}

/** Undefined while the response is not whole. Knows Content-Length, chunked, and the end of the connection. */
function parseResponse(text: string, ended: boolean): { status: number; closes: boolean } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd).toLowerCase();
  const body = text.slice(headEnd + 4);
  const status = Number(/^http\/1\.[01] (\d{3})/.exec(head)?.[1]);
  if (Number.isNaN(status)) return undefined;
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  const chunked = /\r\ntransfer-encoding:.*chunked/.test(head);
  const bare = status === 204 || status === 304;
  const whole =
    bare ||
    (length !== undefined
      ? body.length >= Number(length)
      : chunked
        ? /(?:^|\r\n)0\r\n\r\n$/.test(body)
        : ended);
  if (!whole) return undefined;
  return { status, closes: /\r\nconnection: *close/.test(head) || head.startsWith('http/1.0') };
}
