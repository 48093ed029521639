/** What is due, what a round is made of, and durations added up. Pure helpers of settling. */
import { descriptorsLeft } from '../../core/policy/capacity.ts';
import type { Service } from '../../core/model/service.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { StageDurations } from '../storage/journal.ts';
import type { Cause, Due, Judging, LoopState } from '../decide/state.ts';

/** What sets off a step that nothing from Marathon did. */
export const sampleCause: Cause = { text: 'a look at HAProxy', receivedAt: undefined };

export function dueFor({ due }: LoopState, cause: Cause, now: number, everything = false): Due {
  return due === undefined
    ? { everything, reload: false, cause, since: now }
    : { ...due, everything: due.everything || everything };
}

export function judgingOf({ round }: LoopState): Judging | undefined {
  const current = round.kind === 'busy' ? round.round : round;
  return current?.kind === 'judging' ? current : undefined;
}

/** File descriptors that HAProxy has beyond what these services take; Infinity where it does not say. */
export function descriptorsLeftOf(
  services: readonly Service[],
  { maxconn }: Pick<ChangingHead, 'maxconn'>,
  {
    descriptors: limit,
    ownListeners,
    budget,
  }: Pick<Judging['observed'], 'descriptors' | 'ownListeners' | 'budget'>,
): number {
  // What grows beyond it at runtime would not fit at the next reload.
  const atReload = budget === undefined ? Infinity : descriptorsLeft(services, budget);
  return limit === undefined
    ? atReload
    : Math.min(atReload, descriptorsLeft(services, { limit, maxconn, ownListeners, headroom: 0 }));
}

export const noDurations: StageDurations = { derive: 0, render: 0, check: 0, publish: 0, apply: 0 };

export function added(durations: StageDurations, more: Partial<StageDurations>): StageDurations {
  const sum = { ...durations };
  for (const [stage, ms] of Object.entries(more)) sum[stage as keyof StageDurations] += ms;
  return sum;
}
