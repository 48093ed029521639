/**
 * The guard in front of HAProxy: whatever the cause, a change that removes more than is allowed is not applied until it
 * is confirmed or approved.
 */
import type { Desired } from '../../core/desired/desired.ts';
import type { Service } from '../../core/model/service.ts';
import type { Candidate } from './candidate.ts';
import { isTooMuch, listedTasks, lossOf, lossOfUnknown, type Loss } from './loss.ts';
import type { Judging, LoopState, Situation } from './state.ts';
import type { Postponed } from './step.ts';

type Withholding = Extract<Postponed, { kind: 'withheld' }>;

/** @returns what must be withheld; undefined if the candidate may be applied */
export function withheldLoss(
  situation: Situation,
  round: Judging,
  candidate: Candidate,
): Withholding | undefined {
  const loss = lossOfCandidate(situation, round, candidate);
  if (loss === undefined || isApproved(situation, loss)) return undefined;
  const { state, unheard, limits } = situation;
  // A server of unknown origin may belong to a cluster that has not answered: not even one may be removed.
  if (state.applied?.adopted !== undefined && unheard.length > 0 && loss.servers > 0) {
    const cause = `cluster ${unheard.join(', ')} has not answered yet`;
    return isConfirmed(situation) ? undefined : { kind: 'withheld', loss, cause, confirmable: true };
  }
  if (!isTooMuch(loss, limits)) return undefined;
  const confirmable = !losesToRejections(situation, candidate);
  if (confirmable && isConfirmed(situation)) return undefined;
  return { kind: 'withheld', loss, cause: causeOf(situation, round, candidate), confirmable };
}

function lossOfCandidate({ state, mirror, serving }: Situation, round: Judging, { desired }: Candidate) {
  const { applied } = state;
  // If no HAProxy runs, nothing it serves can be taken away.
  if (applied === undefined || round.observed.haproxy === 'absent') return undefined;
  return applied.adopted === undefined
    ? lossOf(applied.served.services, desired.services, listedTasks(mirror, desired, serving))
    : lossOfUnknown(applied.adopted, desired.services);
}

/** An operator has approved a loss of at least this size. */
function isApproved({ state: { approved } }: Situation, { servers, apps }: Loss): boolean {
  return approved !== undefined && servers <= approved.servers && apps <= approved.apps;
}

/** After the pause, Marathon has confirmed its whole state again. */
function isConfirmed({ state: { withheld }, confirmedAt, limits }: Situation): boolean {
  return (
    withheld !== undefined && confirmedAt !== undefined && confirmedAt >= withheld.since + limits.pauseMs
  );
}

/**
 * Whether something would be removed that its app still asks for, because of a policy, a port, a file or HAProxy.
 * Marathon knows nothing about these, so its confirmation would prove nothing.
 */
function losesToRejections({ state }: Situation, { desired }: Candidate): boolean {
  return servicesLost(state, desired).some(({ definition: { backend, appId, portIndex }, servers }) => {
    if (servers.length === 0) return false;
    const port = desired.apps.get(appId)?.definition.ports[portIndex];
    return desired.rejected.has(backend) || port?.kind === 'rejected';
  });
}

/** The services that HAProxy serves and would no longer serve at all. */
const servicesLost = ({ applied }: LoopState, { services }: Desired): Service[] =>
  [...(applied?.served.services.values() ?? [])].filter(
    ({ definition }) => !services.has(definition.backend),
  );

/** Why the lost services are rejected, or what caused the round. */
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
