/** What one size runs on: Marathon's process, the daemon with its HAProxy, free ports, a folder; and the way down. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon, type DaemonProcess } from '../../src/demo/daemon.ts';
import { freePorts } from '../support/free-ports.ts';
import { startMarathon, type Marathon } from './marathon.ts';
import type { Stages } from './result.ts';

export interface StackOptions {
  /** The built `main.js`. */
  readonly program: string;
  readonly haproxyBin: string | undefined;
  readonly killMs: number;
  readonly signal: AbortSignal;
}

export interface Stack {
  readonly marathon: Marathon;
  readonly signal: AbortSignal;
  readonly httpPort: number;
  readonly startPacer: () => DaemonProcess;
  /** Waits until a condition holds. @throws when the signal is given, or after two minutes */
  readonly until: (what: string, holds: () => Promise<boolean> | boolean, everyMs?: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A revision of /revisions, as far as it is of interest here. */
export interface RevisionView {
  readonly revision: number;
  readonly cause: string;
  readonly durations: Stages;
  readonly eventToAppliedMs?: number;
  readonly result: { readonly kind: string };
}

/** Beside addresses and paths. The budget for reloads would hide what they cost. */
export const daemonFlags = ['--service-ports', 'none', '--reload-spacing', '0', '--maxconn', '1000'];

const longestWaitMs = 120_000;
/** The daemon's answers are made in the process that is measured. */
const slowlyMs = 100;

export async function startStack({ program, haproxyBin, killMs, signal }: StackOptions): Promise<Stack> {
  const way: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of way.splice(0).reverse()) await step();
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'pacer-bench-'));
    way.push(() => rm(directory, { recursive: true, force: true }));
    const marathon = await startMarathon({ killMs, directory, haproxyBin });
    way.push(() => marathon.close());
    const [http = 0, https = 0, appid = 0, stats = 0, status = 0] = await freePorts(5);
    const flags = [
      ...['--marathon', marathon.url, '--group', 'external', '--state-dir', directory],
      ...['--bind-addr', '127.0.0.1', '--http-port', `${http}`, '--https-port', `${https}`],
      ...['--appid-port', `${appid}`, '--stats-port', `${stats}`, ...daemonFlags],
      ...(haproxyBin === undefined ? [] : ['--haproxy-bin', haproxyBin]),
    ];
    return {
      marathon,
      signal,
      httpPort: http,
      startPacer: () => {
        const logFile = join(directory, 'pacer.log');
        const daemon = startDaemon({ program, flags, statusPort: status, logFile });
        way.push(() => daemon.stop());
        return daemon;
      },
      until: async (what, holds, everyMs = slowlyMs) => {
        const deadline = Date.now() + longestWaitMs;
        for (;;) {
          signal.throwIfAborted();
          if (await holds()) return;
          if (Date.now() > deadline) throw new Error(`not within ${longestWaitMs / 1000} seconds: ${what}`);
          await sleep(everyMs);
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Newest first. */
export async function revisionsOf(daemon: DaemonProcess): Promise<readonly RevisionView[]> {
  return ((await daemon.get('/revisions')) ?? []) as readonly RevisionView[];
}

/** The tasks that are servers of the first port of an app. */
export async function serversOf(daemon: DaemonProcess, app: string): Promise<string[]> {
  const view = (await daemon.get(`/apps${app}`)) as
    { ports: { servers: { taskId: string }[] }[] } | undefined;
  return view?.ports[0]?.servers.map(({ taskId }) => taskId) ?? [];
}

export interface StatusView {
  readonly services: number;
  readonly servers: number;
  readonly haproxy: {
    readonly running: { readonly reloads: number } | null;
    readonly runtimeCommands: number;
  };
}

export async function statusOf(daemon: DaemonProcess): Promise<StatusView> {
  const status = await daemon.get('/status');
  if (status === undefined) throw new Error('the daemon does not answer on /status');
  return status as StatusView;
}
