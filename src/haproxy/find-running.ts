/** Finds the HAProxy master that an earlier Pacer started, and makes sure that it is that one. */
import { readFile, rm, stat } from 'node:fs/promises';
import { PacerError } from '../errors.ts';
import type { HaproxyLog } from './events.ts';
import { type MasterState, pollMaster, readMaster } from './master-socket.ts';
import { namesSocket } from './our-processes.ts';
import { commandLine, isAlive } from './proc-fs.ts';
import { servingWorker } from './replies/proc.ts';

export interface FoundHaproxy {
  readonly masterPid: number;
  readonly workerPid: number | undefined;
  /** With the distribution's suffix. */
  readonly version: string;
  readonly hash: string | undefined;
}

export interface FindOptions {
  readonly masterSocket: string;
  readonly pidFile: string;
  /** How long a process that is ours may take to answer; 10,000 ms unless told, for it may be reloading. */
  readonly deadlineMs?: number;
  readonly log?: HaproxyLog;
}

/**
 * The master behind the socket, if it lives here and was started with this socket. Removes a pid file and a
 * socket that nobody is behind.
 * @throws PacerError HAPROXY_UNREACHABLE when our HAProxy lives and does not answer, or another answers
 */
export async function findRunning(options: FindOptions): Promise<FoundHaproxy | undefined> {
  const { masterSocket, pidFile, deadlineMs = 10_000 } = options;
  const recorded = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  const ours = !Number.isNaN(recorded) && (await isOurs(recorded, masterSocket));
  const state = await look(masterSocket, ours ? deadlineMs : Number.isNaN(recorded) ? 2_000 : 0);
  if (state !== undefined) return found(state, masterSocket);
  if (ours && (await isAlive(recorded))) {
    throw new PacerError(
      'HAPROXY_UNREACHABLE',
      `HAProxy (pid ${recorded}) runs, but does not answer on ${masterSocket}`,
      `it goes on serving; to give it up, kill ${recorded} and start Pacer again`,
    );
  }
  for (const path of [pidFile, masterSocket]) {
    if (await removed(path)) options.log?.({ kind: 'stale-removed', path });
  }
  return undefined;
}

/** A lost pid file is no proof that nothing runs, so a socket that is there is tried for a while then too. */
async function look(masterSocket: string, deadlineMs: number): Promise<MasterState | undefined> {
  if ((await stat(masterSocket).catch(() => undefined)) === undefined) return undefined;
  if (deadlineMs > 0) return pollMaster(masterSocket, { deadlineMs }, (state) => state);
  return readMaster(masterSocket, 2_000).catch(() => undefined);
}

/** True for a live process whose arguments name the socket: `-S <socket>,mode,600`. */
export async function isOurs(pid: number, masterSocket: string): Promise<boolean> {
  return namesSocket(await commandLine(pid), masterSocket);
}

async function found(state: MasterState, masterSocket: string): Promise<FoundHaproxy> {
  const { pid } = state.master;
  if (!(await isOurs(pid, masterSocket))) {
    throw new PacerError(
      'HAPROXY_UNREACHABLE',
      `the HAProxy behind ${masterSocket} (pid ${pid}) was not started by Pacer on this machine`,
      'choose another --state-dir, or attach to it with --haproxy-master-socket',
    );
  }
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
