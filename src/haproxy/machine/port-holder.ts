/** Finds the process that has a listening socket, by the socket's inode, among the processes that Pacer may inspect. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Listener } from './listeners.ts';
import { userOf } from '../process/proc-fs.ts';

/** A process that listens. */
export interface Holder {
  /** Undefined if Pacer may not inspect the process. */
  readonly pid?: number;
  /** The command line, with blanks between arguments. */
  readonly command?: string;
  /** The user who created the socket. */
  readonly uid: number;
}

/** Whose a listener is. */
export type HeldBy =
  | { readonly kind: 'ours' }
  | { readonly kind: 'other'; readonly holder: Holder }
  | { readonly kind: 'unknown'; readonly reason: string };

/** What is known of our own HAProxy. */
export interface Ours {
  readonly pids: ReadonlySet<number>;
  /** Pacer started HAProxy, so all of its processes are in `pids`. */
  readonly ourRights: boolean;
  /** HAProxy has just reported that none of the sockets in question is its own. */
  readonly hasNone?: boolean;
}

/**
 * For each listener, who has it. If no visible process has it, it belongs to a process that Pacer may not inspect:
 * certainly another one if HAProxy says so, or if no process of ours runs as the user who created the socket.
 */
export async function holdersOf(listeners: readonly Listener[], ours: Ours): Promise<Map<string, HeldBy>> {
  const found = new Map<string, HeldBy>();
  const open = new Map(listeners.map((it) => [it.inode, it]));
  const see = async (pid: number) => {
    for (const inode of await socketsOf(pid)) {
      const listener = open.get(inode);
      if (listener === undefined) continue;
      // The first process found counts; a socket that our process got from another one is ours.
      open.delete(inode);
      found.set(inode, ours.pids.has(pid) ? { kind: 'ours' } : await otherOf(pid, listener, ours));
    }
  };
  for (const pid of ours.pids) await see(pid);
  for (const pid of open.size > 0 ? await allPids() : [])
    if (open.size > 0 && !ours.pids.has(pid)) await see(pid);
  if (open.size > 0) {
    const users = await Promise.all([...ours.pids].map((pid) => userOf(pid)));
    const areOthers = (uid: number) =>
      ours.hasNone === true || (users.length > 0 && users.every((ids) => ids?.includes(uid) === false));
    for (const [inode, { uid }] of open)
      found.set(inode, areOthers(uid) ? { kind: 'other', holder: { uid } } : unseen(uid));
  }
  return found;
}

function unseen(uid: number): HeldBy {
  return {
    kind: 'unknown',
    reason: `a process of user ${uid} listens there, but Pacer may not see which one`,
  };
}

async function otherOf(pid: number, { uid }: Listener, ours: Ours): Promise<HeldBy> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const command = text.replaceAll('\0', ' ').trim();
  // Somebody else starts HAProxy, and it has not been found yet: this may be it.
  const mayBeOurs =
    !ours.ourRights && ours.pids.size === 0 && ours.hasNone !== true && command.includes('haproxy');
  if (mayBeOurs)
    return {
      kind: 'unknown',
      reason: `${command} (pid ${pid}) listens there, which may be Pacer's own HAProxy`,
    };
  return { kind: 'other', holder: { pid, command, uid } };
}

/** The process for messages: `nginx (pid 7)`. */
export function nameOf({ pid, command = '', uid }: Holder): string {
  return pid === undefined ? `another process, of user ${uid},` : `${command} (pid ${pid})`;
}

async function socketsOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const links = (await readdir(folder).catch(() => [])).map((fd) =>
    readlink(`${folder}/${fd}`).catch(() => ''),
  );
  return (await Promise.all(links)).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

async function allPids(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
