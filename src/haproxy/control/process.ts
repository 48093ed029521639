/**
 * Starts and stops a HAProxy in master-worker mode, in a session of its own, so that it survives when Pacer is killed.
 * Knows of the configuration only that it sets PACER_HASH.
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

/** How to start HAProxy. */
export interface StartOptions {
  readonly program: string;
  /** Absolute: HAProxy opens the file again at each reload. */
  readonly configFile: string;
  readonly masterSocket: string;
  readonly pidFile: string;
  /** Receives HAProxy's stdout and stderr. */
  readonly logFile: string;
  readonly desiredHash: string;
  /** Milliseconds until it must serve. Default: 60,000. */
  readonly deadlineMs?: number;
  /** HAProxy's environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The HAProxy that was started. */
export interface StartedHaproxy {
  readonly masterPid: number;
  readonly workerPid: number;
  readonly child: ChildProcess;
}

/**
 * Starts HAProxy and waits until a worker answers with the desired hash.
 * @throws PacerError HAPROXY_START_FAILED with HAProxy's own message, SOCKET_PATH_TOO_LONG
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
  // Stopped before the error is reported, so that the next start does not adopt it.
  if (child.pid !== undefined) await stopHaproxy({ masterPid: child.pid, masterSocket, graceMs: 0 });
  throw failure;
}

/** The alerts in HAProxy's output, or its last lines. */
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
    // [haproxy] management.txt 3 "-W", "-S". Not -D: it would leave our session and hide its pid.
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
    `correct what it says; the full output is in ${logFile}`,
  );
}

/** What to stop, and how. */
export interface StopOptions {
  readonly masterPid: number;
  readonly masterSocket: string;
  /** Milliseconds that connections may take to finish; 0 closes them at once. */
  readonly graceMs: number;
  readonly log?: HaproxyLog;
}

/** Milliseconds until a HAProxy that was told to end at once must have ended. */
const hardStopMs = 5_000;

/**
 * Soft stop, then SIGTERM, then SIGKILL, for the master and any workers it leaves behind. While the master lives only
 * the master gets a signal: a signal to a worker makes HAProxy end everything.
 * @throws PacerError HAPROXY_RUNS_ON if it survives all that, so that nobody is told it has stopped
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
    // A frozen process handles no signal except SIGKILL.
    for (const pid of [masterPid, ...workers]) if (await isFrozen(pid)) signal(pid, 'SIGCONT');
    await untilDead(masterPid, waitMs);
  }
  for (const pid of workers) if (await isOurs(pid, masterSocket)) signal(pid, 'SIGKILL');
  if (!(await isOurs(masterPid, masterSocket))) return;
  throw new PacerError(
    'HAPROXY_RUNS_ON',
    `HAProxy (pid ${masterPid}) has not ended`,
    `it keeps serving; end it with "kill -KILL ${masterPid}"`,
  );
}

async function untilDead(pid: number, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline && (await isAlive(pid))) await sleep(20);
}
