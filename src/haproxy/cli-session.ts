/**
 * One conversation with a HAProxy socket in prompt mode: a line out, the text up to the next prompt in.
 * Knows the framing; knows nothing of what commands mean.
 */
import { connect, type Socket } from 'node:net';
import { PacerError } from '../errors.ts';
import { codeOf } from './durable.ts';

export interface SessionOptions {
  /** Milliseconds to connect, and again for each reply; 5,000 unless told. */
  readonly timeoutMs?: number;
  /** Characters in one reply; 32 Mi unless told (2,000 servers are 72 kB of `show servers state`). */
  readonly maxReplyBytes?: number;
}

/** [haproxy] management.txt 9.3, 9.4.1 "prompt": `> `, `master> `, `master[ReloadFailed]> ` at a line's start. */
const anyPrompt = /(?:^|\n)([^\s>]*> )$/;
const longestPrompt = 64;

/** The kernel's sun_path has 108 bytes, the last one a NUL. [linux] unix(7) */
export const longestSocketPath = 107;

/** @throws PacerError SOCKET_PATH_TOO_LONG */
export function assertSocketPath(socketPath: string): void {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes <= longestSocketPath) return;
  throw new PacerError(
    'SOCKET_PATH_TOO_LONG',
    `the socket path ${socketPath} has ${bytes} bytes`,
    `choose a shorter directory: ${longestSocketPath} bytes are allowed`,
  );
}

export class CliSession {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #maxReplyBytes: number;
  #chunks: string[] = [];
  #tail = '';
  #size = 0;
  /** What the first prompt was: a line of a reply may look like another one. */
  #prompt: string | undefined;
  #ended: Error | undefined;
  #wake: () => void = () => undefined;

  private constructor(path: string, socket: Socket, options: SessionOptions) {
    this.#path = path;
    this.#socket = socket;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    this.#maxReplyBytes = options.maxReplyBytes ?? 32 * 1024 * 1024;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.#take(chunk);
    });
    socket.on('error', (error) => {
      this.#end(error);
    });
    socket.on('close', () => {
      this.#end(new Error('the connection was closed'));
    });
  }

  /** @throws PacerError HAPROXY_UNREACHABLE, SOCKET_PATH_TOO_LONG */
  static async open(path: string, options: SessionOptions = {}): Promise<CliSession> {
    assertSocketPath(path);
    const session = new CliSession(path, connect({ path }), options);
    await session.ask('prompt\n');
    return session;
  }

  /**
   * Sends lines that make one command and waits for the prompt after it.
   * @returns everything before that prompt
   * @throws PacerError HAPROXY_UNREACHABLE when the connection ends, the time is over, or the reply too long
   */
  async ask(wire: string): Promise<string> {
    this.#chunks = [];
    this.#tail = '';
    this.#size = 0;
    this.#socket.write(wire);
    const timer = setTimeout(() => {
      this.#end(new Error(`no answer within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    try {
      while (!this.#prompted()) {
        // What came before the end is the reason for it: 2.6 says "Can't find the target PID" and closes.
        if (this.#ended !== undefined) throw this.#unreachable(this.#ended, this.#chunks.join('').trim());
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
    this.#prompt ??= anyPrompt.exec(this.#tail)?.[1] ?? '';
    return this.#chunks.join('').slice(0, -this.#prompt.length);
  }

  close(): void {
    this.#socket.destroy();
  }

  #prompted(): boolean {
    if (this.#prompt === undefined) return anyPrompt.test(this.#tail);
    return this.#tail === this.#prompt || this.#tail.endsWith(`\n${this.#prompt}`);
  }

  #take(chunk: string): void {
    this.#chunks.push(chunk);
    this.#tail = (this.#tail + chunk).slice(-longestPrompt);
    this.#size += chunk.length;
    // [haproxy] 3.4.0 prints its help without end after a line of exactly bufsize bytes.
    if (this.#size > this.#maxReplyBytes)
      this.#end(new Error(`a reply of more than ${this.#maxReplyBytes} bytes`));
    this.#wake();
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    this.#socket.destroy();
    this.#wake();
  }

  #unreachable(cause: Error, said: string): PacerError {
    const what = said === '' ? '' : `, which said "${said.slice(-200)}"`;
    const remedies: Record<string, string> = {
      ENOENT: 'check that HAProxy runs and that this is its socket',
      ECONNREFUSED: 'check that HAProxy runs; it refuses for a moment while it reloads',
      EACCES: 'run Pacer as the user that may write to the socket, or give the socket another mode',
    };
    return new PacerError(
      'HAPROXY_UNREACHABLE',
      `no whole answer from the HAProxy socket ${this.#path}${what}`,
      remedies[codeOf(cause) ?? ''] ?? 'check that HAProxy runs and is not stuck',
      { cause },
    );
  }
}
