/** Rounds that end without being applied: what is due again, when, and what is reported. Pure. */
import type { Plan } from '../../core/plan/plan.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { Service } from '../../core/model/service.ts';
import type { StageDurations } from '../storage/journal.ts';
import { noDurations } from './due.ts';
import type { Cause, Due, Failure, LoopState, Withheld } from '../decide/state.ts';
import type { Postponed } from '../decide/step.ts';

/** The next state of the loop, and what to report. */
export interface Settled {
  readonly state: LoopState;
  readonly reports: readonly Report[];
}

/** What is reported to the rest of the daemon. */
export type Report =
  /** HAProxy serves this now. */
  | { readonly kind: 'served'; readonly desired: Desired }
  /** HAProxy serves these services now, and the others as before. */
  | { readonly kind: 'served-also'; readonly services: readonly Service[]; readonly desired: Desired }
  | {
      readonly kind: 'applied';
      readonly plan: Plan;
      readonly cause: Cause;
      /** Number of the revision; undefined if the change was made at runtime. */
      readonly revision: number | undefined;
      readonly durations: StageDurations;
    }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      readonly plan: Plan;
      readonly cause: Cause;
      readonly durations: StageDurations;
    }
  | { readonly kind: 'withheld'; readonly withheld: Withheld }
  | { readonly kind: 'released'; readonly withheld: Withheld; readonly approved: boolean };

/** Milliseconds until a HAProxy that did not answer is asked again, and between two checks of a withheld change. */
const [silentMs, withheldMs] = [1000, 2000];
const longestRetryMs = 15_000;

/** The state after a round that was postponed. @param now milliseconds since the epoch */
export function postponed(state: LoopState, why: Postponed, now: number): Settled {
  const again = dueAgain(state, now);
  switch (why.kind) {
    case 'silent': {
      const failure = failureOf('observe', why.reason, now);
      const next = { ...state, ...again({ everything: true }), failure, retryAt: now + silentMs };
      return { state: next, reports: [] };
    }
    case 'budget':
      return { state: { ...state, ...again({}), retryAt: now + why.waitMs }, reports: [] };
    case 'withheld': {
      const { since } = state.withheld ?? { since: now };
      const { cause, confirmable } = why;
      const withheld: Withheld = { ...why.loss, since, cause, confirmable };
      const next = { ...state, ...again({}), withheld, retryAt: now + withheldMs };
      return { state: next, reports: state.withheld === undefined ? [{ kind: 'withheld', withheld }] : [] };
    }
    case 'outdated':
      return { state: { ...state, ...again({}), retryAt: 0 }, reports: [] };
    case 'lost':
      return { state: { ...state, ...again({}), retryAt: now + silentMs }, reports: [] };
    case 'impossible':
      return { state: { ...state, ...again({ reload: true }), retryAt: 0 }, reports: [] };
    case 'refused': {
      const message = why.messages.map(({ text, line }) =>
        line === undefined ? text : `line ${line}: ${text}`,
      );
      return failed(state, { stage: 'check', message: message.join('; ') }, now);
    }
  }
}

/** Our own side failed, or HAProxy refuses something that belongs to no service: tried again after a growing pause. */
export function failed(
  state: LoopState,
  { stage, message }: { readonly stage: string; readonly message: string },
  now: number,
  plan: Plan = { kind: 'none' },
): Settled {
  const failure = failureOf(stage, message, now);
  const round = state.round.kind === 'judging' ? state.round : undefined;
  const { due } = dueAgain(state, now)({ everything: true });
  return {
    state: {
      ...state,
      round: { kind: 'idle' },
      due,
      failure,
      failures: state.failures + 1,
      retryAt: now + Math.min(longestRetryMs, 1000 * 2 ** state.failures),
    },
    reports: [
      { kind: 'failed', failure, plan, cause: due.cause, durations: round?.durations ?? noDurations },
    ],
  };
}

const failureOf = (stage: string, message: string, now: number): Failure => ({
  ...{ stage, message },
  at: new Date(now).toISOString(),
});

/** Makes due again what caused the round, together with what has become due since. */
function dueAgain({ due, round }: LoopState, now: number) {
  const cause: Cause = { text: 'another attempt', receivedAt: undefined };
  const begun = round.kind === 'judging' ? round.due : undefined;
  const base: Due = begun ?? due ?? { everything: false, reload: false, cause, since: now };
  return (more: { readonly everything?: boolean; readonly reload?: boolean }) => ({
    round: { kind: 'idle' } as const,
    due: {
      ...base,
      everything: base.everything || due?.everything === true || more.everything === true,
      reload: base.reload || due?.reload === true || more.reload === true,
    },
  });
}
