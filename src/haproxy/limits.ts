/** Open file limits: what HAProxy will need against what it may have. Linux only, through /proc. */
import { readFile } from 'node:fs/promises';

/**
 * The hard limit of open files of a process; undefined when it cannot be read.
 * @param pid this process unless told
 */
export async function openFileLimit(pid: number | 'self' = 'self'): Promise<number | undefined> {
  try {
    return parseOpenFileLimit(await readFile(`/proc/${pid}/limits`, 'utf8'));
  } catch {
    return undefined;
  }
}

export function parseOpenFileLimit(limits: string): number | undefined {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  if (hard === undefined) return undefined;
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

/**
 * The file descriptors HAProxy reserves at start; when its limit is lower it does not start, and `-c`
 * does not say so. Observed: "Cannot raise FD limit to 25040" = 2 * 5000 + 15000 checked servers + 40.
 */
export function fileDescriptorsNeeded(config: {
  readonly maxconn: number;
  readonly checkedServers: number;
  readonly listeners: number;
}): number {
  return 2 * config.maxconn + config.checkedServers + config.listeners + 40;
}
