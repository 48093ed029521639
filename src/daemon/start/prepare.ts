/** What marathon-lb's image does with its environment before HAProxy starts. */
import type { Logger } from '../../observe/log.ts';
import type { Settings } from '../../settings/settings.ts';
import { writeGivenCertificates } from '../files/given-certificates.ts';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { KernelParameter } from '../../settings/marathon-lb.ts';

/** Writes given certificates and sets kernel parameters. Problems are logged and do not stop the start. */
export async function prepareMachine(settings: Settings, log: Logger): Promise<void> {
  const { givenCertificates, kernelParameters, stateDir } = settings;
  for (const problem of await writeGivenCertificates(givenCertificates, stateDir)) log.warn(problem);
  for (const problem of await setKernelParameters(kernelParameters)) log.warn(problem);
}

/** @returns what could not be set, and why. That is no reason not to start. */
export async function setKernelParameters(
  parameters: readonly KernelParameter[],
  folder = '/proc/sys',
): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, value } of parameters) {
    // `net.ipv4.tcp_tw_reuse` and `net/ipv4/tcp_tw_reuse` are the same. [linux] sysctl(8)
    const file = join(folder, ...name.split(name.includes('/') ? '/' : '.'));
    try {
      // Only an existing file: a missing one is no kernel parameter.
      await writeFile(file, value, { flag: 'r+' });
    } catch (error) {
      problems.push(`HAPROXY_SYSCTL_PARAMS: ${name} is not set to ${value}: ${messageOf(error)}`);
    }
  }
  return problems;
}
