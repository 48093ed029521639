/** How many instances an app or a pod may have. Marathon knows no most; here each of them is simulated at once. */
import { invalidObject } from '../api-error.ts';
import type { Report } from './report.ts';

const mostInstances = 100_000;

const tooMany = `the simulator runs at most ${mostInstances} instances of an app`;

export function checkMostInstances(instances: number, path: string, report: Report): void {
  report.expect(instances <= mostInstances, path, tooMany);
}

/** What scaling by a factor makes of it; a factor below 0 is none. */
export function scaledInstances(instances: number, factor: number): number {
  const made = Math.ceil(instances * factor);
  if (made >= 0 && made <= mostInstances) return made;
  const error = factor < 0 ? `got ${factor}, expected 0 or more` : tooMany;
  throw invalidObject([{ path: '/scaleBy', errors: [error] }]);
}
