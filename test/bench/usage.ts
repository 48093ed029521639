/** CPU time and memory of a process, from /proc. */
import { readFile } from 'node:fs/promises';

export interface CpuMs {
  /** User and system time of the process itself. */
  readonly own: number;
  /** Of the children it has waited for: haproxy -c. HAProxy itself is not among them while it runs. */
  readonly children: number;
}

/** [linux] proc_pid_stat(5): times in clock ticks, of which there are 100 a second on all of Node's platforms. */
const tickMs = 10;

export async function cpuOf(pid: number): Promise<CpuMs> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name in parentheses, may hold blanks.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
  return { own: (utime + stime) * tickMs, children: (cutime + cstime) * tickMs };
}

export interface MemoryMb {
  readonly resident: number;
  readonly peak: number;
}

export async function memoryOf(pid: number): Promise<MemoryMb> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return { resident: field('VmRSS'), peak: field('VmHWM') };
}
