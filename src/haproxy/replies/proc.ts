/** Reads `show proc` of a master. Pure. */

export interface ProcTable {
  readonly master: MasterProcess;
  /** The workers of the current configuration: one, or none while a reload has failed (3.x). */
  readonly workers: readonly WorkerProcess[];
  readonly oldWorkers: readonly WorkerProcess[];
}

export interface MasterProcess {
  readonly pid: number;
  /** Reloads since it started, failed ones included. */
  readonly reloads: number;
  /** Failed reloads in a row. */
  readonly failed: number;
  readonly uptimeSeconds: number;
  /** With the distribution's suffix, e.g. `2.6.12-1+deb12u4`. */
  readonly version: string;
}

export interface WorkerProcess {
  readonly pid: number;
  /** Reloads it has outlived. */
  readonly reloads: number;
  readonly uptimeSeconds: number;
}

/**
 * Undefined for a text without a master: one that was cut off, or of something else.
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
 * The worker that serves: that of the current configuration, or, after a failed reload on 3.4, where it is
 * listed as old, the youngest old one.
 */
export function servingWorker(table: ProcTable): WorkerProcess | undefined {
  const candidates = table.workers.length > 0 ? table.workers : table.oldWorkers;
  return candidates.toSorted((a, b) => a.reloads - b.reloads)[0];
}
