/** What marathon-lb's image makes of its environment before HAProxy starts. */
import type { Logger } from '../../observe/log.ts';
import type { Settings } from '../../settings/settings.ts';
import { writeGivenCertificates } from '../files/given-certificates.ts';
import { setKernelParameters } from './kernel-parameters.ts';

export async function prepareMachine(settings: Settings, log: Logger): Promise<void> {
  const { givenCertificates, kernelParameters, stateDir } = settings;
  for (const problem of await writeGivenCertificates(givenCertificates, stateDir)) log.warn(problem);
  for (const problem of await setKernelParameters(kernelParameters)) log.warn(problem);
}
