/**
 * Decides whether a HAProxy that does not answer is certainly gone. If a process lives, or somebody listens on a
 * socket, HAProxy may still serve: it may be frozen, reloading or busy.
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../files/durable.ts';
import { listens } from '../machine/listens.ts';
import { isOurs } from '../process/our-processes.ts';
import { groupOf, isFrozen, parentOf, programName, takesReloadSignal } from '../process/proc-fs.ts';

/** Where to look for HAProxy. */
export interface PresenceOptions {
  /** The master socket and the runtime socket, as far as they are known. */
  readonly sockets: readonly string[];
  /** The socket on the command line of our HAProxy. */
  readonly masterSocket?: string;
  /** The master's pid, if it is known. It counts only if that process is ours. */
  readonly masterPid?: number | undefined;
}

/** Why HAProxy is not certainly gone. */
export interface SignOfLife {
  /** A clause: `HAProxy (pid 7) runs, and does not answer`. */
  readonly reason: string;
  /** It runs, but its master socket was removed. */
  readonly socketsGone?: true;
}

/** @returns why it is not certainly gone; undefined if it is */
export async function signOfLife(options: PresenceOptions): Promise<SignOfLife | undefined> {
  const { sockets, masterSocket, masterPid } = options;
  if (masterSocket !== undefined) {
    const pid = await livingMaster(masterSocket, masterPid);
    if (pid !== undefined) {
      if (await isFrozen(pid))
        return { reason: `HAProxy (pid ${pid}) is frozen; "kill -CONT ${pid}" wakes it` };
      // A HAProxy that is just starting has not created its socket yet.
      return (await takesReloadSignal(pid)) && (await socketIsGone(masterSocket))
        ? {
            reason: `HAProxy (pid ${pid}) runs, but its socket ${masterSocket} was removed`,
            socketsGone: true,
          }
        : { reason: `HAProxy (pid ${pid}) runs, and does not answer` };
    }
  }
  for (const socket of sockets) {
    const listener = await listens(socket);
    if (listener) return { reason: `a program listens on ${socket}, and does not answer` };
  }
  return undefined;
}

/** Socket → the pid found last: looking through all processes takes milliseconds. */
const lastFound = new Map<string, number>();

/** The master that was started with this socket, whatever its state. Found by pid, or else by its command line. */
export async function livingMaster(masterSocket: string, told?: number): Promise<number | undefined> {
  for (const pid of [told, lastFound.get(masterSocket)])
    if (pid !== undefined && (await isOurs(pid, masterSocket))) return pid;
  const found = await searchMaster(masterSocket);
  if (found === undefined) lastFound.delete(masterSocket);
  else lastFound.set(masterSocket, found);
  return found;
}

async function searchMaster(masterSocket: string): Promise<number | undefined> {
  const ours: { pid: number; parent: number; named: boolean }[] = [];
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name);
    // A quick test first: most processes are not HAProxy.
    if (!Number.isInteger(pid) || !(await mentions(pid, masterSocket))) continue;
    if (!(await isOurs(pid, masterSocket))) continue;
    const named = (await programName(pid)).startsWith('haproxy');
    ours.push({ pid, parent: (await parentOf(pid)) ?? 0, named });
  }
  // The program that started it (sudo, a script) may have the same arguments.
  const candidates = ours.some(({ named }) => named) ? ours.filter(({ named }) => named) : ours;
  // Workers have the master's arguments. A worker that outlives its master ends by itself.
  for (const { pid, parent } of candidates) {
    if (candidates.some((it) => it.pid === parent)) continue;
    // A process started by a service manager or a shell leads a process group.
    if (candidates.some((it) => it.parent === pid) || (await groupOf(pid)) === pid) return pid;
  }
  return undefined;
}

/** The master's pid, if the master is certainly ours and is frozen. */
export async function frozenMaster(masterSocket: string): Promise<number | undefined> {
  const pid = await livingMaster(masterSocket);
  return pid !== undefined && (await isFrozen(pid)) ? pid : undefined;
}

/** Whether nothing is at the path. A reload never leaves it empty: HAProxy renames the new socket over the old one. */
export async function socketIsGone(socketPath: string): Promise<boolean> {
  const missing = () =>
    lstat(socketPath).then(
      () => false,
      (error: unknown) => codeOf(error) === 'ENOENT',
    );
  if (!(await missing())) return false;
  await sleep(50);
  return missing();
}

const mentions = async (pid: number, text: string): Promise<boolean> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(text);
