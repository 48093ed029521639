/** The guard where changes are applied: no cause can take away more than is allowed without being confirmed or approved. */
import type { Desired } from '../../core/desired/desired.ts';
import type { Service } from '../../core/model/service.ts';
import type { Candidate } from './candidate.ts';
import { isTooMuch, listedTasks, lossOf, lossOfUnknown, type Loss } from './loss.ts';
import type { Judging, LoopState, Situation } from './state.ts';
import type { Postponed } from './step.ts';

type Withholding = Extract<Postponed, { kind: 'withheld' }>;

/** @returns what must be withheld; undefined where the candidate may be applied */
export function withheldLoss(
  situation: Situation,
  round: Judging,
  candidate: Candidate,
): Withholding | undefined {
  const loss = lossOfCandidate(situation, round, candidate);
  if (loss === undefined || isApproved(situation, loss)) return undefined;
  const { state, unheard, limits } = situation;
  // What nobody can account for may be a cluster's that has not been heard of: not even one server may go.
  if (state.applied?.adopted !== undefined && unheard.length > 0 && loss.servers > 0) {
    const cause = `nothing has been heard of cluster ${unheard.join(', ')} yet`;
    return isConfirmed(situation) ? undefined : { kind: 'withheld', loss, cause, confirmable: true };
  }
  if (!isTooMuch(loss, limits)) return undefined;
  const confirmable = !losesToRejections(situation, candidate);
  if (confirmable && isConfirmed(situation)) return undefined;
  return { kind: 'withheld', loss, cause: causeOf(situation, round, candidate), confirmable };
}

function lossOfCandidate({ state, mirror, serving }: Situation, round: Judging, { desired }: Candidate) {
  const { applied } = state;
  // A HAProxy that is not there serves nothing that could be taken away.
  if (applied === undefined || round.observed.haproxy === 'absent') return undefined;
  return applied.adopted === undefined
    ? lossOf(applied.served.services, desired.services, listedTasks(mirror, desired, serving))
    : lossOfUnknown(applied.adopted, desired.services);
}

/** An operator has agreed to a loss that is no smaller. */
function isApproved({ state: { approved } }: Situation, { servers, apps }: Loss): boolean {
  return approved !== undefined && servers <= approved.servers && apps <= approved.apps;
}

/** After a pause Marathon says that this is all there is. */
function isConfirmed({ state: { withheld }, confirmedAt, limits }: Situation): boolean {
  return (
    withheld !== undefined && confirmedAt !== undefined && confirmedAt >= withheld.since + limits.pauseMs
  );
}

/**
 * Something would go that its app still asks for: a policy, a port, a file or HAProxy stands against it. Marathon knows
 * nothing of these, so that it goes on saying the same says nothing.
 */
function losesToRejections({ state }: Situation, { desired }: Candidate): boolean {
  return servicesLost(state, desired).some(({ definition: { backend, appId, portIndex }, servers }) => {
    if (servers.length === 0) return false;
    const port = desired.apps.get(appId)?.definition.ports[portIndex];
    return desired.rejected.has(backend) || port?.kind === 'rejected';
  });
}

/** What HAProxy serves and would not serve at all any more. */
const servicesLost = ({ applied }: LoopState, { services }: Desired): Service[] =>
  [...(applied?.served.services.values() ?? [])].filter(
    ({ definition }) => !services.has(definition.backend),
  );

/** What the services that would go are rejected for, or what set the round off. */
function causeOf({ state }: Situation, { due }: Judging, { desired }: Candidate): string {
  const codes = new Map<string, number>();
  for (const {
    definition: { backend },
  } of servicesLost(state, desired)) {
    const code = desired.rejected.get(backend)?.diagnostic.code ?? 'no longer defined';
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  const causes = [...codes].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} (${count})`);
  return causes.length > 0 ? causes.join(', ') : due.cause.text;
}
