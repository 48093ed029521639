/**
 * Starts and stops a HAProxy in master-worker mode as a process of its own session, which lives on when Pacer
 * is killed. Knows nothing of what is in the configuration, but that it sets PACER_HASH.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacerError } from '../../errors.ts';
import { assertSocketPath } from '../cli/cli-session.ts';
import { writeSynced } from '../files/durable.ts';
import type { HaproxyLog } from './events.ts';
import { isOurs, ourProcesses } from '../process/our-processes.ts';
import { logSize, readLogSince, rotateLog } from '../process/log-file.ts';
import { pollMaster, readMaster } from '../cli/master-socket.ts';
import { parseMessages } from '../files/messages.ts';
import { isAlive, isFrozen, signal } from '../process/proc-fs.ts';
import { servingWorker } from '../replies/proc.ts';

export interface StartOptions {
  readonly program: string;
  /** Absolute: HAProxy opens it again at each reload. */
  readonly configFile: string;
  readonly masterSocket: string;
  readonly pidFile: string;
  /** Takes HAProxy's stdout and stderr. */
  readonly logFile: string;
  readonly desiredHash: string;
  /** Milliseconds; 60,000 unless told. */
  readonly deadlineMs?: number;
  /** HAProxy's environment; this process's unless told. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface StartedHaproxy {
  readonly masterPid: number;
  readonly workerPid: number;
  readonly child: ChildProcess;
}

/**
 * Starts HAProxy and waits until a worker answers with the wanted hash.
 * @throws PacerError HAPROXY_START_FAILED with HAProxy's own words, SOCKET_PATH_TOO_LONG
 */
export async function startHaproxy(options: StartOptions): Promise<StartedHaproxy> {
  assertSocketPath(options.masterSocket);
  await rotateLog(options.logFile);
  const logStart = await logSize(options.logFile);
  const { child, ended } = await launch(options);
  const { masterSocket, desiredHash, deadlineMs = 60_000 } = options;
  const workerPid = await pollMaster(masterSocket, { deadlineMs, signal: ended }, (state) =>
    state.master.pid === child.pid && state.hash === desiredHash ? servingWorker(state)?.pid : undefined,
  );
  if (workerPid !== undefined && child.pid !== undefined) return { masterPid: child.pid, workerPid, child };
  const words = lastWords(await readLogSince(options.logFile, logStart));
  const failure = startFailed(child, options, words);
  // Ended before anybody hears of it, so that the next start does not adopt it.
  if (child.pid !== undefined) await stopHaproxy({ masterPid: child.pid, masterSocket, graceMs: 0 });
  throw failure;
}

/** HAProxy's alerts in what it has written, or the last lines of it. */
export function lastWords(log: string): string {
  const alerts = parseMessages(log).filter(({ severity }) => severity === 'alert');
  const lines = alerts.map(({ file, line, text }) =>
    file === undefined ? text : `${file}:${line ?? 0}: ${text}`,
  );
  return (lines.length > 0 ? lines : log.trim().split('\n')).slice(-5).join('\n');
}

/** `ended`: aborted once the process has ended, which it may have before this returns. */
async function launch({
  program,
  configFile,
  masterSocket,
  logFile,
  pidFile,
  env,
}: StartOptions): Promise<{ child: ChildProcess; ended: AbortSignal }> {
  const output = await open(logFile, 'a', 0o640);
  try {
    // [haproxy] management.txt 3 "-W", "-S": not -D, it would leave our session by itself and hide its pid.
    const child = spawn(program, ['-W', '-S', `${masterSocket},mode,600`, '-f', configFile], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
      ...(env === undefined ? {} : { env }),
    });
    const ended = new AbortController();
    child.once('exit', () => ended.abort());
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    }).catch((error: unknown) => {
      throw new PacerError(
        'HAPROXY_START_FAILED',
        `${program} cannot be run`,
        'name the HAProxy program with --haproxy-bin',
        {
          cause: error,
        },
      );
    });
    child.unref();
    await writeSynced(pidFile, `${child.pid ?? ''}\n`);
    return { child, ended: ended.signal };
  } finally {
    await output.close();
  }
}

function startFailed(
  child: ChildProcess,
  { deadlineMs = 60_000, logFile }: StartOptions,
  words: string,
): PacerError {
  const how =
    child.exitCode === null ? `did not serve within ${deadlineMs} ms` : `ended with status ${child.exitCode}`;
  return new PacerError(
    'HAPROXY_START_FAILED',
    `HAProxy ${how}${words === '' ? '' : `: ${words}`}`,
    `correct what it says; all of it is in ${logFile}`,
  );
}

export interface StopOptions {
  readonly masterPid: number;
  readonly masterSocket: string;
  /** How long connections may finish, in milliseconds; 0 cuts them. */
  readonly graceMs: number;
  readonly log?: HaproxyLog;
}

/** How long a HAProxy may take to end at once. */
const hardStopMs = 5_000;

/**
 * Soft stop, then SIGTERM, then SIGKILL, for the master and what workers it leaves. Only the master is
 * signalled while it lives: a signal to a worker makes it end everything.
 * @throws PacerError HAPROXY_RUNS_ON when it outlives that: nobody may be told that it has stopped
 */
export async function stopHaproxy({ masterPid, masterSocket, graceMs, log }: StopOptions): Promise<void> {
  const table = await readMaster(masterSocket, 1_000).catch(() => undefined);
  const told = table === undefined ? [] : [...table.workers, ...table.oldWorkers].map(({ pid }) => pid);
  const workers = new Set([...told, ...(await ourProcesses({ masterSocket }))]);
  workers.delete(masterPid);
  const steps = [
    ['SIGUSR1', graceMs],
    ['SIGTERM', hardStopMs],
    ['SIGKILL', hardStopMs],
  ] as const;
  for (const [name, waitMs] of steps) {
    if (waitMs === 0 || !(await isOurs(masterPid, masterSocket))) continue;
    log?.({ kind: 'stopping', masterPid, signal: name });
    signal(masterPid, name);
    // What is frozen takes no other signal but SIGKILL.
    for (const pid of [masterPid, ...workers]) if (await isFrozen(pid)) signal(pid, 'SIGCONT');
    await untilDead(masterPid, waitMs);
  }
  for (const pid of workers) if (await isOurs(pid, masterSocket)) signal(pid, 'SIGKILL');
  if (!(await isOurs(masterPid, masterSocket))) return;
  throw new PacerError(
    'HAPROXY_RUNS_ON',
    `HAProxy (pid ${masterPid}) has not ended`,
    `it goes on serving; end it with "kill -KILL ${masterPid}"`,
  );
}

async function untilDead(pid: number, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline && (await isAlive(pid))) await sleep(20);
}
