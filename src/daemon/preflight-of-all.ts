/** The preflight of everything that is wanted: also of the earlier versions that stand in for what it holds back. */
import { withHolds, type Desired } from '../core/desired.ts';
import { preflight, type PreflightInput, type PreflightResult } from './preflight.ts';
import type { Quarantine } from './quarantine.ts';

export async function preflightOfAll(
  derived: Desired,
  quarantine: Quarantine,
  input: Omit<PreflightInput, 'desired'>,
): Promise<PreflightResult> {
  quarantine.wait([]);
  quarantine.setFacts([]);
  await quarantine.look(derived);
  const ask = () => preflight({ ...input, desired: withHolds(derived, quarantine.holds(derived)) });
  const first = await ask();
  if (first.holds.size === 0) return first;
  quarantine.setFacts(first.holds.values());
  const second = await ask();
  quarantine.addFacts(second.holds.values());
  return {
    holds: second.holds,
    certificateDigests: new Map([...first.certificateDigests, ...second.certificateDigests]),
    fileDigests: new Map([...first.fileDigests, ...second.fileDigests]),
  };
}
