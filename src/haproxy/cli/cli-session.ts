/**
 * One connection to a HAProxy socket in prompt mode: sends lines, and returns the text up to the next prompt for each.
 * Knows how replies are delimited, not what commands mean.
 */
import { connect, type Socket } from 'node:net';
import { PacerError } from '../../errors.ts';
import { codeOf } from '../files/durable.ts';
import { ReplySplitter } from './reply-splitter.ts';

/** Limits of a session. */
export interface SessionOptions {
  /** Milliseconds to connect, and again for each reply. Default: 5,000. */
  readonly timeoutMs?: number;
  /** Characters in one reply. Default: 32 Mi (2,000 servers are 72 kB of `show servers state`). */
  readonly maxReplyBytes?: number;
}

/** The kernel's `sun_path` has 108 bytes, the last one a NUL. [linux] unix(7) */
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

/** The first line of a session. After it, every reply ends with a prompt. [haproxy] management.txt 9.3 "prompt" */
export const promptMode = 'prompt\n';

/** A connection in prompt mode. Close it after use. */
export class CliSession {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #replies: ReplySplitter;
  #ended: Error | undefined;
  #wake: () => void = () => undefined;

  private constructor(path: string, socket: Socket, options: SessionOptions) {
    this.#path = path;
    this.#socket = socket;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    const most = options.maxReplyBytes ?? 32 * 1024 * 1024;
    this.#replies = new ReplySplitter();
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.#replies.take(chunk);
      // [haproxy] 3.4.0 prints its help without end after a line of exactly bufsize bytes.
      if (this.#replies.pending > most) this.#end(new Error(`a reply of more than ${most} bytes`));
      this.#wake();
    });
    socket.on('error', (error) => {
      this.#end(error);
    });
    socket.on('close', () => {
      this.#end(new Error('the connection was closed'));
    });
  }

  /**
   * Connects. Commands may be sent before it is known whether anybody answers.
   * @throws PacerError SOCKET_PATH_TOO_LONG
   */
  static connect(path: string, options: SessionOptions = {}): CliSession {
    assertSocketPath(path);
    return new CliSession(path, connect({ path }), options);
  }

  /** Connects, and waits until HAProxy answers. @throws PacerError HAPROXY_UNREACHABLE, SOCKET_PATH_TOO_LONG */
  static async open(path: string, options: SessionOptions = {}): Promise<CliSession> {
    const session = CliSession.connect(path, options);
    await session.ask(promptMode);
    return session;
  }

  /** Sends the lines of one command and waits for the prompt after it. @throws as `askEach` */
  async ask(wire: string): Promise<string> {
    const [reply = ''] = await this.askEach([wire]);
    return reply;
  }

  /**
   * Sends commands at once, without waiting for each reply: HAProxy answers them in order.
   * @returns for each command everything before its prompt
   * @throws PacerError HAPROXY_UNREACHABLE if the connection ends, no answer comes in time, or a reply is too long
   */
  async askEach(wires: readonly string[]): Promise<string[]> {
    const replies: string[] = [];
    this.#socket.write(wires.join(''));
    while (replies.length < wires.length) {
      const reply = this.#replies.next() ?? (await this.#reply());
      replies.push(reply);
    }
    return replies;
  }

  async #reply(): Promise<string> {
    const timer = setTimeout(() => {
      this.#end(new Error(`no answer within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    try {
      for (;;) {
        const reply = this.#replies.next();
        if (reply !== undefined) return reply;
        // The last text is the reason for the end: 2.6 says "Can't find the target PID" and closes.
        if (this.#ended !== undefined) throw this.#unreachable(this.#ended, this.#replies.rest().trim());
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#socket.destroy();
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
      ECONNREFUSED: 'check that HAProxy runs; it refuses connections for a moment while it reloads',
      EACCES: 'run Pacer as the user that may write to the socket, or give the socket another mode',
    };
    return new PacerError(
      'HAPROXY_UNREACHABLE',
      `no complete answer from the HAProxy socket ${this.#path}${what}`,
      remedies[codeOf(cause) ?? ''] ?? 'check that HAProxy runs and is not stuck',
      { cause },
    );
  }
}
