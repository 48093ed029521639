/** The next state of the loop, and what to report, from the state, the step and its outcome. Pure. */
import { added, judgingOf } from './due.ts';
import { failed, postponed, type Settled } from './postpone.ts';
import { finished, reloaded } from './settle-applied.ts';
import { begun, sampling } from './settle-round.ts';
import { afterRuntime, silentRuntime } from './settle-servers.ts';
import type { LoopState } from '../decide/state.ts';
import type { Outcome, QuickStep, SlowStep, Step } from '../decide/step.ts';
import { afterCheck, afterRejecting } from '../decide/trial.ts';

/** The state after a step that was performed. @param now milliseconds since the epoch */
export function settle(
  state: LoopState,
  step: QuickStep | SlowStep,
  outcome: Outcome,
  now: number,
  sampleMs: number,
): Settled {
  const judging = judgingOf(state);
  const round = judging && { ...judging, durations: added(judging.durations, outcome.durations) };
  // Servers are followed beside the round that is under way; that round continues.
  if (step.kind === 'follow' && (outcome.kind === 'failed' || outcome.kind === 'silent'))
    return silentRuntime(state, now);
  switch (outcome.kind) {
    case 'failed':
      if (step.kind === 'publish') return textFailed(state, outcome, now);
      return failed({ ...state, round: round ?? { kind: 'idle' } }, outcome, now, plannedBy(step));
    case 'silent':
      return postponed(
        { ...state, round: round ?? { kind: 'idle' } },
        { kind: 'silent', reason: outcome.reason },
        now,
      );
    case 'done':
    case 'impossible':
      return afterRuntime(state, round, step, outcome, now);
    case 'observed':
      if (outcome.observed.kind === 'silent')
        return postponed({ ...state, round: { kind: 'idle' } }, outcome.observed, now);
      return { state: begun(state, outcome.observed, outcome.durations, now), reports: [] };
    case 'sampled':
      return { state: sampling(state, outcome.sampled, now, sampleMs), reports: [] };
    case 'accepted':
    case 'refused':
      if (round === undefined || step.kind !== 'check')
        return { state: { ...state, round: { kind: 'idle' } }, reports: [] };
      return {
        state: {
          ...state,
          round: { ...round, trial: afterCheck(round.trial, step.candidate, outcome) },
          // The status shows a candidate before it is applied, so that HAProxy is never ahead of the status.
          candidate: outcome.kind === 'accepted' ? step.candidate.desired : state.candidate,
        },
        reports: [],
      };
    case 'rejected':
      if (round === undefined) return { state, reports: [] };
      return { state: { ...state, round: { ...round, trial: afterRejecting(round.trial) } }, reports: [] };
    case 'reloaded':
      if (round === undefined || step.kind !== 'reload') return { state, reports: [] };
      return reloaded(state, round, step, outcome, now);
    case 'published':
      return {
        state: {
          ...state,
          round: { kind: 'idle' },
          textDueAt: undefined,
          textFailure: undefined,
          ...(step.kind === 'publish' && { desiredHash: step.candidate.rendering.hash }),
        },
        reports: [],
      };
  }
}

/** Settles the steps that need no I/O. */
export function settleAlone(
  state: LoopState,
  step: Extract<Step, { kind: 'finish' | 'postpone' | 'sampled' | 'derive' }>,
  now: number,
  sampleMs: number,
): Settled {
  switch (step.kind) {
    case 'postpone':
      return postponed(state, step.why, now);
    case 'derive':
      return postponed(state, { kind: 'lost' }, now);
    case 'sampled':
      return { state: { ...state, round: { kind: 'idle' }, sampleDueAt: now + sampleMs }, reports: [] };
    case 'finish':
      return finished(state, step, now);
  }
}

function textFailed(
  state: LoopState,
  { message }: Extract<Outcome, { kind: 'failed' }>,
  now: number,
): Settled {
  const textFailure = { stage: 'publish', message, at: new Date(now).toISOString() };
  return { state: { ...state, round: { kind: 'idle' }, textFailure, textDueAt: now + 1000 }, reports: [] };
}

const plannedBy = (step: QuickStep | SlowStep) =>
  step.kind === 'reload' ? step.plan : ({ kind: 'none' } as const);
