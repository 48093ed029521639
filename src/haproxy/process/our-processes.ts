/**
 * The processes of our HAProxy: master, current worker, old workers, in any state. A frozen process (SIGSTOP) still has
 * its command line, its parent and its sockets.
 */
import { readdir } from 'node:fs/promises';
import { commandLine, hasProc, isAlive, parentOf } from './proc-fs.ts';

/** How to recognize our processes. */
export interface OursBy {
  /** The socket that `-S` names. */
  readonly masterSocket?: string | undefined;
  /** `-f` names one of these files. */
  readonly configFiles?: readonly string[];
  /**
   * Pids that HAProxy reported. They count only if that process is a HAProxy: pids of another container mean nothing
   * here.
   */
  readonly pids?: readonly number[];
}

/** The pids of all processes that are ours. */
export async function ourProcesses(by: OursBy): Promise<Set<number>> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = new Set<number>();
  const parents = new Map<number, number>();
  for (const pid of pids) {
    if (await isOneOf(pid, by)) ours.add(pid);
    else parents.set(pid, (await parentOf(pid)) ?? 0);
  }
  // A worker has its master's command line. A process started by an operator's wrapper script may have another.
  for (let grown = ours.size > 0; grown;) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (!ours.has(parent) || ours.has(pid)) continue;
      ours.add(pid);
      grown = true;
    }
  }
  return ours;
}

async function isOneOf(pid: number, by: OursBy): Promise<boolean> {
  const { masterSocket, configFiles = [], pids = [] } = by;
  const args = await commandLine(pid, 'once');
  if (masterSocket !== undefined && namesSocket(args, masterSocket)) return true;
  if (args.some((arg, i) => args[i - 1] === '-f' && configFiles.includes(arg))) return true;
  return pids.includes(pid) && (args[0] ?? '').includes('haproxy');
}

/**
 * True for a live process, frozen or not, whose arguments name the socket. Without /proc, true for any live process:
 * the caller has the pid from HAProxy itself.
 */
export async function isOurs(pid: number, masterSocket: string): Promise<boolean> {
  return (await hasProc()) ? namesSocket(await commandLine(pid), masterSocket) : isAlive(pid);
}

/** `-S <socket>,mode,600`. Pacer's own `--haproxy-master-socket <socket>` is no match. */
function namesSocket(args: readonly string[], masterSocket: string): boolean {
  return args.some(
    (arg, i) => args[i - 1] === '-S' && (arg === masterSocket || arg.startsWith(`${masterSocket},`)),
  );
}
