/** Finds the HAProxy master that an earlier Pacer started, and verifies that it is that one. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { PacerError } from '../../errors.ts';
import { writeSynced } from '../files/durable.ts';
import type { HaproxyLog } from './events.ts';
import { type MasterState, pollMaster, readMaster } from '../cli/master-socket.ts';
import { listens } from '../machine/listens.ts';
import { isOurs } from '../process/our-processes.ts';
import { livingMaster, socketIsGone } from './presence.ts';
import { hasProc, isFrozen } from '../process/proc-fs.ts';
import { masterToSignal, signalReload } from './reload-by-signal.ts';
import { servingWorker } from '../replies/proc.ts';

/** The HAProxy that was found. */
export interface FoundHaproxy {
  readonly masterPid: number;
  readonly workerPid: number | undefined;
  /** With the distribution's suffix. */
  readonly version: string;
  readonly hash: string | undefined;
}

/** Where to look. */
export interface FindOptions {
  readonly masterSocket: string;
  readonly pidFile: string;
  /** Milliseconds that a process of ours may take to answer, because it may be reloading. Default: 10,000. */
  readonly deadlineMs?: number;
  readonly log?: HaproxyLog;
}

/**
 * The master behind the socket, if it runs on this machine and was started with this socket. Removes a pid file and a
 * socket that belong to no process.
 * @throws PacerError HAPROXY_UNREACHABLE if our HAProxy lives and does not answer, or another program answers
 */
export async function findRunning(options: FindOptions): Promise<FoundHaproxy | undefined> {
  const { masterSocket, pidFile, deadlineMs = 10_000, log } = options;
  const recorded = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  // Without /proc, the process with a pid from a file may be any process by now.
  const isTold = !Number.isNaN(recorded) && ((await hasProc()) || (await listens(masterSocket)));
  const ours = await livingMaster(masterSocket, isTold ? recorded : undefined);
  if (ours !== undefined) {
    if (await isFrozen(ours)) throw frozen(ours);
    const toSignal = (await socketIsGone(masterSocket)) ? await masterToSignal(masterSocket) : undefined;
    if (toSignal !== undefined) {
      log?.({ kind: 'reload-by-signal', masterPid: toSignal });
      await signalReload(toSignal, masterSocket);
    }
  }
  const waitMs = ours !== undefined ? deadlineMs : Number.isNaN(recorded) ? 2_000 : 0;
  const nobody = ours === undefined && (await socketIsGone(masterSocket));
  const state = nobody ? undefined : await look(masterSocket, waitMs);
  if (state !== undefined) return found(state, options);
  if (ours !== undefined && (await isOurs(ours, masterSocket))) {
    throw new PacerError(
      'HAPROXY_UNREACHABLE',
      `HAProxy (pid ${ours}) runs, but does not answer on ${masterSocket}`,
      `it keeps serving; to replace it, run "kill ${ours}" and start Pacer again`,
    );
  }
  for (const file of [pidFile, masterSocket]) {
    if (await removed(file)) log?.({ kind: 'stale-removed', path: file });
  }
  return undefined;
}

/** A missing pid file does not prove that nothing runs. So if there is a socket, it is tried for a while. */
async function look(masterSocket: string, deadlineMs: number): Promise<MasterState | undefined> {
  if (deadlineMs > 0) return pollMaster(masterSocket, { deadlineMs }, (state) => state);
  return readMaster(masterSocket, 2_000).catch(() => undefined);
}

const frozen = (pid: number): PacerError =>
  new PacerError(
    'HAPROXY_UNREACHABLE',
    `HAProxy (pid ${pid}) is frozen by a signal`,
    `wake it with "kill -CONT ${pid}"; then it serves what it served before`,
  );

async function found(state: MasterState, { masterSocket, pidFile }: FindOptions): Promise<FoundHaproxy> {
  const { pid } = state.master;
  if (!(await isOurs(pid, masterSocket))) {
    throw new PacerError(
      'HAPROXY_UNREACHABLE',
      `the HAProxy behind ${masterSocket} (pid ${pid}) was not started by Pacer on this machine`,
      'choose another --state-dir, or attach to it with --haproxy-master-socket',
    );
  }
  await mkdir(path.dirname(pidFile), { recursive: true, mode: 0o750 });
  await writeSynced(pidFile, `${pid}\n`);
  return {
    masterPid: pid,
    workerPid: servingWorker(state)?.pid,
    version: state.master.version,
    hash: state.hash,
  };
}

async function removed(file: string): Promise<boolean> {
  return rm(file).then(
    () => true,
    () => false,
  );
}
