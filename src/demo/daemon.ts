/** Pacer as users run it: a separate process that is queried over its status server. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { environment as inherited } from '../settings/environment.ts';

/** A running Pacer. */
export interface DaemonProcess {
  readonly pid: number;
  /** The JSON at a path of the status server; undefined while it does not answer with 200. */
  readonly get: (path: string) => Promise<unknown>;
  /** Resolves when /readyz says ready. @throws Error with the last output if the process ends before */
  readonly ready: () => Promise<void>;
  /** Stops it in an orderly way, or with another signal. Resolves with the exit status when the process has ended. */
  readonly stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<number | null>;
}

/** How to start it. */
export interface DaemonProcessOptions {
  /** The built `main.js`. */
  readonly program: string;
  /** The words before the flags. Default: `run`. */
  readonly command?: readonly string[];
  readonly flags: readonly string[];
  readonly statusPort: number;
  /** Receives its output. */
  readonly logFile: string;
  /** In addition to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The user and group it runs as. Default: those of this process. */
  readonly uid?: number;
}

/** Starts Pacer. */
export function startDaemon(options: DaemonProcessOptions): DaemonProcess {
  const { program, flags, statusPort, logFile, environment } = options;
  const log = createWriteStream(logFile, { flags: 'a' });
  let lastWords = '';
  // A process group of its own, so that Ctrl-C reaches only the demo, which then stops everything in order.
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
