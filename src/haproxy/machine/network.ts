/**
 * Whether HAProxy has the same ports as this process: which processes share a network namespace. Linux, through /proc.
 */
import { readFile, stat } from 'node:fs/promises';

/** `of` is the part after /proc/ to read HAProxy's network: another network namespace can be read as well. */
export type Network =
  | { readonly kind: 'shared'; readonly of: 'self' }
  | { readonly kind: 'other'; readonly of: number }
  | { readonly kind: 'unknown'; readonly reason: string };

/** What is known of HAProxy. */
export interface NetworkQuestion {
  /** The pid of HAProxy's master, if it is valid in this pid namespace. */
  readonly masterPid?: number | undefined;
  /** Unix sockets that HAProxy listens on, by HAProxy's paths. */
  readonly sockets: readonly string[];
}

/**
 * Finds HAProxy's network by its process. If that is not visible (another container), by its unix sockets: the kernel
 * lists them in the network namespace in which they were created.
 */
export async function networkOf({ masterPid, sockets }: NetworkQuestion): Promise<Network> {
  if (masterPid !== undefined) {
    const [own, other] = await Promise.all([identity('self'), identity(masterPid)]);
    if (own !== undefined && own === other) return { kind: 'shared', of: 'self' };
    if (own !== undefined && other !== undefined) return { kind: 'other', of: masterPid };
  }
  const listeners = await readFile('/proc/self/net/unix', 'utf8').catch(() => '');
  if (sockets.some((path) => listensHere(listeners, path))) return { kind: 'shared', of: 'self' };
  return {
    kind: 'unknown',
    reason: "HAProxy's process is not visible here, and its socket is not in this network",
  };
}

/**
 * Identifies a network namespace by the inode of a file that each namespace has. /proc/<pid>/ns/net would do the same,
 * but needs all privileges of the process: a process with CAP_NET_BIND_SERVICE hides it from one without. [linux]
 * fs/proc/proc_net.c
 */
async function identity(pid: number | 'self'): Promise<number | undefined> {
  return stat(`/proc/${pid}/net/tcp`).then(
    ({ ino }) => ino,
    () => undefined,
  );
}

/**
 * [haproxy] sock_unix.c binds `<path>.<pid>.tmp` and renames it; the kernel lists the first name, even if the file is
 * gone.
 */
export function listensHere(unixTable: string, socketPath: string): boolean {
  return unixTable.split('\n').some((line) => {
    // Num RefCount Protocol Flags Type St Inode Path; flag 10000 means listening. [linux] net/unix/af_unix.c
    const [, path = ''] = /^\S+ \S+ \S+ 00010000 \S+ \S+ +\d+ (.*)$/.exec(line) ?? [];
    return (
      path === socketPath ||
      (path.startsWith(`${socketPath}.`) && /^\.\d+\.tmp$/.test(path.slice(socketPath.length)))
    );
  });
}
