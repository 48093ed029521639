/** Processes by pid, through /proc: whether they live, and whose they are. A zombie is not alive. */
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../files/durable.ts';

/** False for an unused pid, and for a zombie: in a container there may be nobody to reap it. */
export async function isAlive(pid: number): Promise<boolean> {
  const fields = await statFields(pid);
  if (fields === undefined) return !(await hasProc()) && takesSignals(pid);
  return fields[0] !== 'Z' && fields[0] !== 'X';
}

/** Whether processes can be seen at all. Some sandboxes have no /proc; there, a pid may belong to any process. */
export async function hasProc(): Promise<boolean> {
  return (await statFields('self')) !== undefined;
}

/** [linux] kill(2): signal 0 only tests whether the process exists. */
function takesSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** When the process started, in clock ticks since boot. Together with the pid this identifies a process forever. */
export async function startTime(pid: number): Promise<string | undefined> {
  // Field 22 of stat; the list begins with field 3. [linux] proc(5)
  return (await statFields(pid))?.[19];
}

/** The parent's pid; undefined for an unused pid. */
export async function parentOf(pid: number): Promise<number | undefined> {
  // Field 4 of stat. [linux] proc(5)
  const parent = (await statFields(pid))?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** The process group of a live process; a zombie is in none. */
export async function groupOf(pid: number): Promise<number | undefined> {
  const [state, , group] = (await statFields(pid)) ?? [];
  return group === undefined || state === 'Z' ? undefined : Number(group);
}

/** True for a process that a signal has stopped (SIGSTOP, a debugger): it keeps everything it has, and does nothing. */
export async function isFrozen(pid: number): Promise<boolean> {
  const state = (await statFields(pid))?.[0] ?? '';
  return state === 'T' || state === 't';
}

/** The user ids of a process (real, effective, saved, file system); undefined if they cannot be read. */
export async function userOf(pid: number): Promise<number[] | undefined> {
  return (await statusField(pid, 'Uid'))?.split(/\s+/).map(Number);
}

/** Whether the process may bind ports below 1024; undefined if that cannot be read. [linux] capabilities(7) */
export async function mayBindAnyPort(pid: number): Promise<boolean | undefined> {
  const effective = await statusField(pid, 'CapEff');
  const netBindService = 10n;
  return effective === undefined ? undefined : ((BigInt(`0x${effective}`) >> netBindService) & 1n) === 1n;
}

/**
 * Whether SIGUSR2 reloads this process: it has a handler, or blocks the signal until it has one. A process that is just
 * starting has neither, and the signal would end it.
 */
export async function takesReloadSignal(pid: number): Promise<boolean> {
  const usr2 = BigInt(constants.signals.SIGUSR2 - 1);
  const masks = await Promise.all([statusField(pid, 'SigCgt'), statusField(pid, 'SigBlk')]);
  return masks.some((mask) => mask !== undefined && ((BigInt(`0x${mask}`) >> usr2) & 1n) === 1n);
}

/** The first 15 characters of the program's name; '' if it cannot be read. */
export async function programName(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trimEnd();
}

async function statusField(pid: number, name: string): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return new RegExp(`^${name}:\\s+(.+)$`, 'm').exec(text)?.[1];
}

/**
 * The arguments the process was started with; empty if it is gone. During execve a process has none for a moment, and a
 * HAProxy master executes itself at each reload. [linux] fs/proc/base.c get_mm_cmdline
 * @param patience `once` when listing all processes: kernel threads never have arguments
 */
export async function commandLine(pid: number, patience: 'once' | 'long' = 'long'): Promise<string[]> {
  const attempts = patience === 'once' ? 1 : 20;
  for (let attempt = 0; attempt < attempts && (await isAlive(pid)); attempt++) {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (text !== '') return text.split('\0').slice(0, -1);
    if (attempt + 1 < attempts) await sleep(5);
  }
  return [];
}

/** The fields of /proc/<pid>/stat after the command's name, which may contain blanks and parentheses. */
async function statFields(pid: number | 'self'): Promise<string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Sends a signal. If the process is gone already, that is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it has already ended.
  }
}
