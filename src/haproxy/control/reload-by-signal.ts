/**
 * A reload while the master socket is gone: SIGUSR2 makes the master execute itself again, which also creates the
 * socket again. [haproxy] management.txt 4 "SIGUSR2"; seen on 2.6.12, even when the configuration is refused.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { RunningAnswer } from './control.ts';
import type { HaproxyLog } from './events.ts';
import type { MasterState } from '../cli/master-socket.ts';
import { ourProcesses } from '../process/our-processes.ts';
import { livingMaster } from './presence.ts';
import { isFrozen, signal, takesReloadSignal } from '../process/proc-fs.ts';

/**
 * The master to signal; undefined unless it is certainly ours and can handle the signal. A master that is just
 * starting, or is frozen, cannot.
 */
export async function masterToSignal(masterSocket: string): Promise<number | undefined> {
  const pid = await livingMaster(masterSocket);
  return pid === undefined || (await isFrozen(pid)) || !(await takesReloadSignal(pid)) ? undefined : pid;
}

/** Sends the signal. @returns what the master would have reported before, for `judgeAgainst` */
export async function signalReload(masterPid: number, masterSocket: string): Promise<MasterState> {
  const pids = await ourProcesses({ masterSocket });
  // Somebody may have removed the whole folder; without it HAProxy cannot create its socket.
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

/** Milliseconds between two requests to create the sockets again. */
const repairMs = 10_000;

/**
 * Watches HAProxy's answers, one after the other. If the sockets are gone for two answers in a row and nobody has
 * reloaded, the master gets a signal to create its socket again. It then reads the current file on disk, which was
 * checked.
 */
export function socketRepair(
  masterSocket: string,
  log?: HaproxyLog,
): (answer: RunningAnswer) => Promise<RunningAnswer> {
  let asked = 0;
  let repairedAt = -Infinity;
  return async (answer) => {
    asked = answer.kind === 'silent' && answer.socketsGone === true ? asked + 1 : 0;
    if (asked < 2 || performance.now() - repairedAt < repairMs) return answer;
    const masterPid = await masterToSignal(masterSocket);
    if (masterPid === undefined) return answer;
    repairedAt = performance.now();
    log?.({ kind: 'reload-by-signal', masterPid });
    await signalReload(masterPid, masterSocket);
    return answer;
  };
}
