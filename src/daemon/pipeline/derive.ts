/** Derives what changed in the mirror. Never loses a change: what cannot be derived is tried again. */
import { nextDesired, type Desired } from '../../core/desired/desired.ts';
import type { ModelContext } from '../../core/services/app-services.ts';
import type { AppId } from '../../core/model/ids.ts';
import type { MirrorDelta } from '../../core/desired/derive-changed.ts';
import { messageOf } from '../../errors.ts';
import type { Change } from './inbox.ts';
import { dueFor } from '../settle/due.ts';
import type { LoopState } from '../decide/state.ts';

/** What deriving depends on. */
export interface Model {
  readonly context: ModelContext;
  /** What is served for a desired state: all of it, or a pinned revision's definitions with its servers. */
  readonly pinned: (unpinned: Desired) => Desired;
}

/** The next state of the loop, after a change of the mirror. @param now milliseconds since the epoch */
export function derived(state: LoopState, change: Change, model: Model, now: number): LoopState {
  const { delta } = change;
  const { context } = model;
  const cause = { text: change.cause, receivedAt: change.receivedAt };
  const { unpinned, underived, error } = deriveAll(state.unpinned, delta, context);
  const asked = [...delta.changed.map(({ id }) => id), ...delta.removed];
  // Apps that had the same address as one of these change with them.
  const touched = unpinned === state.unpinned ? [] : unpinned.rederived;
  const ids = [...new Set([...asked, ...touched])];
  const desired =
    error === undefined || unpinned !== state.unpinned
      ? pinnedOr(state.desired, unpinned, model)
      : state.desired;
  const still = new Set([...state.underived].filter((id) => !ids.includes(id)));
  for (const id of underived) still.add(id);
  const isAsked = change.everything || change.reload;
  const next: LoopState = {
    ...state,
    unpinned,
    desired,
    underived: still,
    pending: ids.length === 0 ? state.pending : new Set([...state.pending, ...ids]),
    pendingCause: state.pendingCause ?? (ids.length === 0 ? undefined : cause),
    ...(error === undefined
      ? { ...(still.size === 0 && state.failure?.stage === 'derive' && { failure: undefined }) }
      : { failure: { stage: 'derive', message: messageOf(error), at: new Date(now).toISOString() } }),
  };
  const isRestructured = desired.conflicts !== state.desired.conflicts || state.applied === undefined;
  // Without a runtime socket, servers need a round like everything else.
  const isBlind = state.blind && ids.length > 0;
  if (!isAsked && !isRestructured && !isBlind) return next;
  const due = dueFor(next, cause, now, change.everything);
  return {
    ...next,
    due: change.reload ? { ...due, reload: true, cause } : due,
    // What can be served without the reload that has to wait is served at once.
    retryAt: isAsked || (context.dynamicBackends && next.failures === 0) ? 0 : next.retryAt,
  };
}

/** Derives all at once. If that throws, derives app by app, so that a failure concerns only one app. */
function deriveAll(previous: Desired, delta: MirrorDelta, context: ModelContext) {
  const underived: AppId[] = [];
  try {
    const unpinned = nextDesired(previous, delta, context);
    return { unpinned, underived: [...unpinned.failed], error: faultIn(unpinned) };
  } catch (error) {
    let unpinned = previous;
    const each: MirrorDelta[] = [
      ...delta.removed.map((id) => ({ changed: [], removed: [id] })),
      ...delta.changed.map((app) => ({ changed: [app], removed: [] })),
    ];
    for (const one of each) {
      try {
        unpinned = nextDesired(unpinned, one, context);
      } catch {
        underived.push(...one.removed, ...one.changed.map(({ id }) => id));
      }
    }
    underived.push(...unpinned.failed);
    return { unpinned, underived, error: underived.length === 0 ? undefined : error };
  }
}

/** The error of the first app that could not be derived and was kept as it was. */
function faultIn({ apps, failed }: Desired): Error | undefined {
  const [id] = failed;
  const failure = id === undefined ? undefined : apps.get(id)?.failure;
  return failure === undefined ? undefined : new Error(`${failure.appId}: ${failure.reason}`);
}

function pinnedOr(before: Desired, unpinned: Desired, { pinned }: Model): Desired {
  try {
    return pinned(unpinned);
  } catch {
    return before;
  }
}
