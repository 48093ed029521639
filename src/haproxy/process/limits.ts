/** The limit of open files of a process. Linux only, through /proc. */
import { readFile } from 'node:fs/promises';

/**
 * The hard limit of open files of a process; undefined if it cannot be read.
 * @param pid this process by default
 */
export async function openFileLimit(pid: number | 'self' = 'self'): Promise<number | undefined> {
  try {
    return parseOpenFileLimit(await readFile(`/proc/${pid}/limits`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The hard limit in the text of /proc/PID/limits; undefined if it is not there. */
export function parseOpenFileLimit(limits: string): number | undefined {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  if (hard === undefined) return undefined;
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}
