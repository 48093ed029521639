/** Parses `show proc` of a master. Pure. */

/** The processes of a HAProxy. */
export interface ProcTable {
  readonly master: MasterProcess;
  /** The workers of the current configuration: one, or none after a failed reload (3.x). */
  readonly workers: readonly WorkerProcess[];
  readonly oldWorkers: readonly WorkerProcess[];
}

/** The master process. */
export interface MasterProcess {
  readonly pid: number;
  /** Reloads since it started, failed ones included. */
  readonly reloads: number;
  /** Failed reloads in a row. */
  readonly failed: number;
  readonly uptimeSeconds: number;
  /** With the distribution's suffix, for example `2.6.12-1+deb12u4`. */
  readonly version: string;
}

/** A worker process. */
export interface WorkerProcess {
  readonly pid: number;
  /** Reloads that have happened since it started. */
  readonly reloads: number;
  readonly uptimeSeconds: number;
}

/**
 * Undefined for a text without a master: it was cut off, or is something else.
 * [haproxy] management.txt 9.4.1 "show proc"
 */
export function parseProc(text: string): ProcTable | undefined {
  let master: MasterProcess | undefined;
  const workers: WorkerProcess[] = [];
  const oldWorkers: WorkerProcess[] = [];
  let section = '';
  for (const line of text.split('\n')) {
    const title = /^# ?([a-z ]+)$/.exec(line.trim())?.[1];
    if (title !== undefined) section = title;
    const row = /^(\d+)\s+(\w+)\s+(\d+)\s*(?:\[failed: (\d+)\])?\s+(\d+)d(\d+)h(\d+)m(\d+)s\s*(\S*)/.exec(
      line.trim(),
    );
    if (row === null) continue;
    const [, pid, type, reloads, failed, d, h, m, s, version = ''] = row;
    const uptimeSeconds = ((Number(d) * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s);
    const process = { pid: Number(pid), reloads: Number(reloads), uptimeSeconds };
    if (type === 'master') master = { ...process, failed: Number(failed ?? 0), version };
    else if (type === 'worker') (section === 'old workers' ? oldWorkers : workers).push(process);
  }
  return master === undefined ? undefined : { master, workers, oldWorkers };
}

/**
 * The worker that serves: the one of the current configuration. After a failed reload on 3.4, it is listed as old: then
 * the youngest old one.
 */
export function servingWorker(table: ProcTable): WorkerProcess | undefined {
  const candidates = table.workers.length > 0 ? table.workers : table.oldWorkers;
  return candidates.toSorted((a, b) => a.reloads - b.reloads)[0];
}
