/**
 * The processes of a HAProxy of ours: master, current worker, old workers, whatever their state. A frozen one
 * (SIGSTOP) still has its command line, its parent and its sockets.
 */
import { readdir } from 'node:fs/promises';
import { commandLine, hasProc, isAlive, parentOf } from './proc-fs.ts';

export interface OursBy {
  /** `-S` names it. */
  readonly masterSocket?: string | undefined;
  /** `-f` names one of them. */
  readonly configFiles?: readonly string[];
  /** As HAProxy told them. They count where a HAProxy has them: those of another container mean nothing here. */
  readonly pids?: readonly number[];
}

/** The pids of everything that is ours. */
export async function ourProcesses(by: OursBy): Promise<Set<number>> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = new Set<number>();
  const parents = new Map<number, number>();
  for (const pid of pids) {
    if (await isOneOf(pid, by)) ours.add(pid);
    else parents.set(pid, (await parentOf(pid)) ?? 0);
  }
  // A worker has its master's command line; what the operator's wrapper script starts may have another.
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
 * True for a live process, frozen or not, whose arguments name the socket. Without /proc for any that lives:
 * whoever asks has the pid from HAProxy itself.
 */
export async function isOurs(pid: number, masterSocket: string): Promise<boolean> {
  return (await hasProc()) ? namesSocket(await commandLine(pid), masterSocket) : isAlive(pid);
}

/** `-S <socket>,mode,600`. Pacer's own `--haproxy-master-socket <socket>` does not make it a HAProxy. */
function namesSocket(args: readonly string[], masterSocket: string): boolean {
  return args.some(
    (arg, i) => args[i - 1] === '-S' && (arg === masterSocket || arg.startsWith(`${masterSocket},`)),
  );
}
