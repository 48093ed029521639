/** Whether HAProxy's ports are this process's ports: which of two processes share a network. Linux, through /proc. */
import { readFile, stat } from 'node:fs/promises';

/** `of` is what to write after /proc/ to read HAProxy's network: another one can be read as well. */
export type Network =
  | { readonly kind: 'shared'; readonly of: 'self' }
  | { readonly kind: 'other'; readonly of: number }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface NetworkQuestion {
  /** Of HAProxy's master, where its pid means the same here. */
  readonly masterPid?: number | undefined;
  /** Unix sockets that HAProxy listens on, as it names them. */
  readonly sockets: readonly string[];
}

/**
 * By the network of HAProxy's process; where that cannot be seen (another container), by its unix sockets:
 * the kernel lists them in the network that they were made in.
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
    reason: "HAProxy's process is not visible here, and neither is its socket in this network",
  };
}

/**
 * Names a network: the number of a file that each has for itself. /proc/<pid>/ns/net says the same, but needs
 * all rights of the process: one with CAP_NET_BIND_SERVICE hides it from one without. [linux] fs/proc/proc_net.c
 */
async function identity(pid: number | 'self'): Promise<number | undefined> {
  return stat(`/proc/${pid}/net/tcp`).then(
    ({ ino }) => ino,
    () => undefined,
  );
}

/** [haproxy] sock_unix.c binds `<path>.<pid>.tmp` and renames it; the kernel lists the first name, also when the file is gone. */
export function listensHere(unixTable: string, socketPath: string): boolean {
  return unixTable.split('\n').some((line) => {
    // Num RefCount Protocol Flags Type St Inode Path; flag 10000 is "listens". [linux] net/unix/af_unix.c
    const [, path = ''] = /^\S+ \S+ \S+ 00010000 \S+ \S+ +\d+ (.*)$/.exec(line) ?? [];
    return (
      path === socketPath ||
      (path.startsWith(`${socketPath}.`) && /^\.\d+\.tmp$/.test(path.slice(socketPath.length)))
    );
  });
}
