/** Pure helpers of `settle`: what is due, what a round is made of, sums of durations. */
import { descriptorsLeft } from '../../core/policy/capacity.ts';
import type { Service } from '../../core/model/service.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { StageDurations } from '../storage/journal.ts';
import type { Cause, Due, Judging, LoopState } from '../decide/state.ts';

/** The cause of a sample, which no event causes. */
export const sampleCause: Cause = { text: 'a regular check of HAProxy', receivedAt: undefined };

/** What is due, after this cause. @param everything compare all of HAProxy, not only what changed */
export function dueFor({ due }: LoopState, cause: Cause, now: number, everything = false): Due {
  return due === undefined
    ? { everything, reload: false, cause, since: now }
    : { ...due, everything: due.everything || everything };
}

/** The round that is being judged, even while a slow step of it runs; undefined if there is none. */
export function judgingOf({ round }: LoopState): Judging | undefined {
  const current = round.kind === 'busy' ? round.round : round;
  return current?.kind === 'judging' ? current : undefined;
}

/** File descriptors that HAProxy has left after these services; Infinity if it does not report its limit. */
export function descriptorsLeftOf(
  services: readonly Service[],
  { maxconn }: Pick<ChangingHead, 'maxconn'>,
  {
    descriptors: limit,
    ownListeners,
    budget,
  }: Pick<Judging['observed'], 'descriptors' | 'ownListeners' | 'budget'>,
): number {
  // What is added at runtime must also fit at the next reload.
  const atReload = budget === undefined ? Infinity : descriptorsLeft(services, budget);
  return limit === undefined
    ? atReload
    : Math.min(atReload, descriptorsLeft(services, { limit, maxconn, ownListeners, headroom: 0 }));
}

/** No time spent in any stage. Milliseconds. */
export const noDurations: StageDurations = { derive: 0, render: 0, check: 0, publish: 0, apply: 0 };

/** Adds durations stage by stage. Milliseconds. */
export function added(durations: StageDurations, more: Partial<StageDurations>): StageDurations {
  const sum = { ...durations };
  for (const [stage, ms] of Object.entries(more)) sum[stage as keyof StageDurations] += ms;
  return sum;
}
