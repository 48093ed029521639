/** Processes by pid, through /proc: alive or not, and whose. A zombie is not alive. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** False for a pid that is free, and for a zombie: in a container nobody may reap it. */
export async function isAlive(pid: number): Promise<boolean> {
  const fields = await statFields(pid);
  return fields !== undefined && fields[0] !== 'Z' && fields[0] !== 'X';
}

/** When the process started, in clock ticks since boot: with the pid it names a process for good. */
export async function startTime(pid: number): Promise<string | undefined> {
  // Field 22 of stat; the list begins with field 3. [linux] proc(5)
  return (await statFields(pid))?.[19];
}

/** Undefined for a pid that is free. */
export async function processIdentity(
  pid: number,
): Promise<{ readonly parent: number; readonly session: number } | undefined> {
  const fields = await statFields(pid);
  // Fields 4 and 6 of stat. [linux] proc(5)
  return fields === undefined ? undefined : { parent: Number(fields[1]), session: Number(fields[3]) };
}

/**
 * The arguments it was started with; empty when it is gone. A process in the middle of execve has none for a
 * moment, and a HAProxy master executes itself at each reload. [linux] fs/proc/base.c get_mm_cmdline
 */
export async function commandLine(pid: number): Promise<string[]> {
  for (let attempt = 0; attempt < 20 && (await isAlive(pid)); attempt++) {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (text !== '') return text.split('\0').slice(0, -1);
    await sleep(5);
  }
  return [];
}

/** The fields of /proc/<pid>/stat after the command's name, which may itself hold blanks and parentheses. */
async function statFields(pid: number): Promise<string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it has ended by itself.
  }
}
