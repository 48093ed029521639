/**
 * A reload where the master socket is gone: SIGUSR2 makes the master execute itself anew, which makes the socket
 * again. [haproxy] management.txt 4 "SIGUSR2"; seen on 2.6 to 3.2, also where the configuration is refused.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { MasterState } from './master-socket.ts';
import { ourProcesses } from './our-processes.ts';
import { livingMaster } from './presence.ts';
import { isFrozen, signal } from './proc-fs.ts';

/** The master to signal: ours for certain, and able to act. */
export async function masterToSignal(masterSocket: string): Promise<number | undefined> {
  const pid = await livingMaster(masterSocket);
  return pid === undefined || (await isFrozen(pid)) ? undefined : pid;
}

/**
 * Sends the signal.
 * @returns what the master would have shown before, for `judgeAgainst`
 */
export async function signalReload(masterPid: number, masterSocket: string): Promise<MasterState> {
  const pids = await ourProcesses({ masterSocket });
  // Somebody may have removed the whole folder; without it HAProxy cannot make its socket.
  await mkdir(path.dirname(masterSocket), { recursive: true, mode: 0o750 });
  signal(masterPid, 'SIGUSR2');
  const unknown = { reloads: -1, uptimeSeconds: 0 };
  return {
    master: { ...unknown, pid: masterPid, failed: 0, version: '' },
    workers: [...pids].filter((pid) => pid !== masterPid).map((pid) => ({ ...unknown, pid })),
    oldWorkers: [],
    hash: undefined,
    workerAnswers: false,
  };
}
