/** The machine that the numbers are of. */
import { execFile } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { findHaproxy } from '../../src/haproxy/machine/version.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly haproxy: string;
  /** Of the last minute, when the benchmark began: more than 0 is somebody else. */
  readonly loadBefore: number;
}

export async function describeMachine(haproxyBin: string | undefined): Promise<Machine> {
  const program = await findHaproxy(haproxyBin, process.env['PATH'] ?? '');
  const { stdout } = await promisify(execFile)(program, ['-v']);
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    haproxy: /version (\S+)/.exec(stdout)?.[1] ?? 'unknown',
    loadBefore: loadavg()[0] ?? 0,
  };
}
