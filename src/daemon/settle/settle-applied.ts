/** The state after HAProxy was brought to a candidate, at runtime or by a reload. Pure. */
import { descriptorsOfAll } from '../../core/policy/capacity.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { AppId } from '../../core/model/ids.ts';
import { runtimePlan } from '../../core/plan/plan.ts';
import { skeletonOf } from '../../render/render.ts';
import type { Applied } from '../decide/applied.ts';
import type { Candidate } from '../decide/candidate.ts';
import { descriptorsLeftOf, dueFor, judgingOf } from './due.ts';
import type { Settled } from './postpone.ts';
import { textLagMs } from './settle-servers.ts';
import type { Judging, LoopState } from '../decide/state.ts';
import type { Outcome, SlowStep, Step } from '../decide/step.ts';

/** Milliseconds until the machine's faults are checked again. */
const recheckMs = 5000;
/** Milliseconds until the search for a culprit continues. */
const unfinishedMs = 1000;

/** HAProxy has what it should have. */
export function finished(
  state: LoopState,
  { candidate, unfinished }: Extract<Step, { kind: 'finish' }>,
  now: number,
): Settled {
  const round = judgingOf(state);
  if (round === undefined) return { state, reports: [] };
  const plan = runtimePlan(round.steps, round.files);
  const left = descriptorsLeftOf([...candidate.desired.services.values()], candidate.inputs, round.observed);
  return {
    state: {
      ...upToDate(state, round, candidate, unfinished, now),
      ...(candidate.isAhead && wholeDue(state, round, now)),
      applied: appliedOf(candidate, left),
      textDueAt: state.textDueAt ?? now + textLagMs,
    },
    reports: [
      { kind: 'served', desired: candidate.desired },
      ...(plan.kind === 'none'
        ? []
        : [
            {
              kind: 'applied',
              plan,
              cause: round.due.cause,
              revision: undefined,
              durations: round.durations,
            } as const,
          ]),
      ...released(state),
    ],
  };
}

/** The reload that the rest takes is next. */
const wholeDue = (state: LoopState, { due }: Judging, now: number): Pick<LoopState, 'due' | 'retryAt'> => ({
  due: state.due ?? { ...due, since: now },
  retryAt: 0,
});

/** A new worker runs the good candidate. Runtime commands sent during the reload may have reached the old worker. */
export function reloaded(
  state: LoopState,
  round: Judging,
  { good, plan }: Extract<SlowStep, { kind: 'reload' }>,
  { running, descriptors }: Extract<Outcome, { kind: 'reloaded' }>,
  now: number,
): Settled {
  const { candidate, revision, unfinished } = good;
  const { from, desired, inputs } = candidate;
  const left = descriptorsLeftOf([...desired.services.values()], inputs, { ...round.observed, descriptors });
  const next = upToDate(state, round, candidate, unfinished, now);
  return {
    state: {
      ...next,
      applied: appliedOf(candidate, left),
      pending: new Set([...next.pending, ...changedApps(from, state.desired)]),
      due:
        state.due ??
        (from.conflicts === state.desired.conflicts ? next.due : dueFor(state, round.due.cause, now)),
      running: running ?? state.running,
      loadedDescriptors: descriptorsOfAll(desired.services.values()),
      runtimeRetryAt: 0,
      textDueAt: undefined,
      textFailure: undefined,
    },
    reports: [
      { kind: 'served', desired },
      {
        kind: 'applied',
        plan,
        cause: round.due.cause,
        revision: revision?.number,
        durations: round.durations,
      },
      ...released(state),
    ],
  };
}

function upToDate(
  state: LoopState,
  { observed, due }: Judging,
  { desired, rendering }: Candidate,
  unfinished: boolean,
  now: number,
): LoopState {
  return {
    ...state,
    round: { kind: 'idle' },
    due: state.due ?? (unfinished ? { ...due, everything: true, reload: false, since: now } : undefined),
    retryAt: unfinished ? now + unfinishedMs : 0,
    recheckAt: observed.facts.size > 0 ? now + recheckMs : undefined,
    failures: 0,
    failure: undefined,
    deriveMs: 0,
    pending: state.blind ? new Set() : state.pending,
    withheld: undefined,
    approved: undefined,
    candidate: desired,
    desiredHash: rendering.hash,
  };
}

const appliedOf = ({ from, desired, inputs, rendering }: Candidate, left: number): Applied => ({
  desired: from,
  served: desired,
  inputs,
  skeleton: skeletonOf(rendering.hash) ?? '',
  descriptorsLeft: left,
  adopted: undefined,
});

const released = ({ withheld, approved }: LoopState): Settled['reports'] =>
  withheld === undefined ? [] : [{ kind: 'released', withheld, approved: approved !== undefined }];

/** Apps that are different objects in both. */
function changedApps(before: Desired, after: Desired): AppId[] {
  if (before.apps === after.apps) return [];
  const changed = [...after.apps].flatMap(([id, app]) => (before.apps.get(id) === app ? [] : [id]));
  return [...changed, ...[...before.apps.keys()].filter((id) => !after.apps.has(id))];
}
