/** Kernel parameters that are set before HAProxy starts, as `sysctl -w` does it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { KernelParameter } from '../../settings/marathon-lb.ts';

/** @returns what could not be set, and why: no reason not to start */
export async function setKernelParameters(
  parameters: readonly KernelParameter[],
  folder = '/proc/sys',
): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, value } of parameters) {
    // `net.ipv4.tcp_tw_reuse` and `net/ipv4/tcp_tw_reuse` are the same. [linux] sysctl(8)
    const file = join(folder, ...name.split(name.includes('/') ? '/' : '.'));
    try {
      // An existing file only: what is not there is no parameter.
      await writeFile(file, value, { flag: 'r+' });
    } catch (error) {
      problems.push(`HAPROXY_SYSCTL_PARAMS: ${name} is not set to ${value}: ${messageOf(error)}`);
    }
  }
  return problems;
}
