/** The guard where changes are applied: no cause can take away more than is allowed without being confirmed or approved. */
import type { Candidate } from './candidate.ts';
import { isTooMuch, listedTasks, lossOf, lossOfUnknown } from './loss.ts';
import type { Judging, Situation } from './state.ts';
import type { Postponed } from './step.ts';

/** @returns what must be withheld; undefined where the candidate may be applied */
export function withheldLoss(
  situation: Situation,
  round: Judging,
  candidate: Candidate,
): Extract<Postponed, { kind: 'withheld' }> | undefined {
  const loss = lossOfCandidate(situation, round, candidate);
  if (loss === undefined || isAllowed(situation)) return undefined;
  const { state, unheard, limits } = situation;
  // What nobody can account for may be a cluster's that has not been heard of: not even one server may go.
  if (state.applied?.adopted !== undefined && unheard.length > 0 && loss.servers > 0)
    return { kind: 'withheld', loss, cause: `nothing has been heard of cluster ${unheard.join(', ')} yet` };
  if (!isTooMuch(loss, limits)) return undefined;
  return { kind: 'withheld', loss, cause: causeOf(situation, round, candidate) };
}

function lossOfCandidate({ state, mirror, serving }: Situation, round: Judging, { desired }: Candidate) {
  const { applied } = state;
  // A HAProxy that is not there serves nothing that could be taken away.
  if (applied === undefined || round.observed.haproxy === 'absent') return undefined;
  return applied.adopted === undefined
    ? lossOf(applied.served.services, desired.services, listedTasks(mirror, desired, serving))
    : lossOfUnknown(applied.adopted, desired.services);
}

/** An operator has agreed, or after a pause Marathon says that this is all there is. */
function isAllowed({ state, confirmedAt, limits }: Situation): boolean {
  const { withheld, approved } = state;
  if (approved) return true;
  if (withheld === undefined) return false;
  return confirmedAt !== undefined && confirmedAt >= withheld.since + limits.pauseMs;
}

/** What the services that would go are rejected for, or what set the round off. */
function causeOf({ state }: Situation, { due }: Judging, { desired }: Candidate): string {
  const codes = new Map<string, number>();
  for (const backend of state.applied?.served.services.keys() ?? []) {
    if (desired.services.has(backend)) continue;
    const code = desired.rejected.get(backend)?.diagnostic.code ?? 'no longer defined';
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  const causes = [...codes].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} (${count})`);
  return causes.length > 0 ? causes.join(', ') : due.cause.text;
}
