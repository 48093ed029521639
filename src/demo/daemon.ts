/** Pacer as its users run it: a process of its own, asked over its status server. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { environment as inherited } from '../settings/environment.ts';

export interface DaemonProcess {
  readonly pid: number;
  /** JSON of a path of the status server; undefined while it does not answer with 200. */
  readonly get: (path: string) => Promise<unknown>;
  /** Resolves once /readyz says so. @throws when the process ends before, with its last words */
  readonly ready: () => Promise<void>;
  /** In an orderly way, or by another signal; resolves when the process has ended. */
  readonly stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<number | null>;
}

export interface DaemonProcessOptions {
  /** The built `main.js`. */
  readonly program: string;
  /** The words before the flags; `run` unless told. */
  readonly command?: readonly string[];
  readonly flags: readonly string[];
  readonly statusPort: number;
  /** Takes what it prints. */
  readonly logFile: string;
  /** Beside what this process has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** User and group it runs as; this process's unless told. */
  readonly uid?: number;
}

export function startDaemon(options: DaemonProcessOptions): DaemonProcess {
  const { program, flags, statusPort, logFile, environment } = options;
  const log = createWriteStream(logFile, { flags: 'a' });
  let lastWords = '';
  // A group of its own, so that Ctrl-C reaches the demo alone, which then ends things in order.
  const child = spawn(
    process.execPath,
    [program, ...(options.command ?? ['run']), ...flags, '--status-listen', `127.0.0.1:${statusPort}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
      env: { ...inherited(), ...environment },
    },
  );
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log.write(chunk);
      lastWords = (lastWords + chunk.toString()).slice(-2000);
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let running = true;
  void ended.then(() => {
    running = false;
    log.end();
  });

  const get = async (path: string): Promise<unknown> => {
    try {
      const { statusCode, body } = await request(`http://127.0.0.1:${statusPort}${path}`);
      const answer = await body.json();
      return statusCode === 200 ? answer : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    pid: child.pid ?? 0,
    get,
    ready: async () => {
      while ((await get('/readyz')) === undefined) {
        if (!running) throw new Error(`Pacer has ended:\n${lastWords}`);
        await sleep(50);
      }
    },
    stop: (signal = 'SIGTERM') => {
      if (running) child.kill(signal);
      return ended;
    },
  };
}
