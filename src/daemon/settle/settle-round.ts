/**
 * The state after HAProxy and the machine have been read: a round begins, or a share of the backends is compared. Pure.
 */
import { nothingDesired, type Desired } from '../../core/desired/desired.ts';
import { skeletonOf } from '../../render/render.ts';
import type { StageDurations } from '../storage/journal.ts';
import type { Applied } from '../decide/applied.ts';
import { added, descriptorsLeftOf, dueFor, noDurations, sampleCause } from './due.ts';
import type { Seen } from '../decide/observed.ts';
import type { Cause, LoopState } from '../decide/state.ts';
import type { Outcome } from '../decide/step.ts';

/** One sample compares this many backends, or this share of all, whichever is more. */
const [fewestSampled, sampledShare] = [200, 1 / 24];

/** HAProxy and the machine have been read: a round begins. */
export function begun(
  state: LoopState,
  observed: Seen,
  durations: Partial<StageDurations>,
  now: number,
): LoopState {
  const { haproxy } = observed;
  const cause: Cause = { text: 'the reason for a rejection may be gone', receivedAt: undefined };
  const due = state.due ?? { everything: false, reload: false, cause, since: now };
  const applied = state.applied ?? adopted(state.desired, observed);
  const isFirst = applied === undefined || applied.adopted !== undefined;
  return {
    ...state,
    applied,
    running: typeof haproxy === 'string' ? undefined : haproxy,
    blind: haproxy === 'blind',
    due: undefined,
    recheckAt: undefined,
    round: {
      kind: 'judging',
      observed,
      desired: state.desired,
      due,
      comparison: due.everything || isFirst ? { kind: 'all', next: 0 } : { kind: 'changed' },
      trial: { kind: 'untried' },
      steps: [],
      files: [],
      durations: added({ ...noDurations, derive: state.deriveMs }, durations),
    },
  };
}

/**
 * A HAProxy that served before this daemon: of its backends, those that are desired can be followed at once, where it
 * is known what configuration it runs.
 */
function adopted(desired: Desired, seen: Seen): Applied | undefined {
  const { haproxy, unknown, inputs } = seen;
  if (typeof haproxy === 'string' || unknown === undefined) return undefined;
  const skeleton = skeletonOf(haproxy.hash);
  const services = new Map(
    [...desired.services].filter(([backend]) => skeleton !== undefined && unknown.has(backend)),
  );
  return {
    desired: nothingDesired,
    served: { ...desired, services },
    inputs,
    skeleton: skeleton ?? 'unknown',
    descriptorsLeft: descriptorsLeftOf([...services.values()], inputs, seen),
    adopted: unknown,
  };
}

/** The state after a sample: the next share of the backends is compared, or a round is due. */
export function sampling(
  state: LoopState,
  sampled: Extract<Outcome, { kind: 'sampled' }>['sampled'],
  now: number,
  sampleMs: number,
): LoopState {
  if (sampled.kind === 'differs') {
    const cause = { text: `${sampleCause.text}: ${sampled.what}`, receivedAt: undefined };
    return {
      ...state,
      round: { kind: 'idle' },
      sampleDueAt: now + sampleMs,
      due: dueFor(state, cause, now, true),
    };
  }
  const count = state.applied?.served.services.size ?? 0;
  const maps = state.sampleFrom >= count;
  const from = maps ? 0 : state.sampleFrom;
  const to = from + Math.max(fewestSampled, Math.ceil(count * sampledShare));
  return { ...state, running: sampled.running, sampleFrom: from, round: { kind: 'sampling', to, maps } };
}
