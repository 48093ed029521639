/**
 * Makes candidates: leaves out what is rejected, and renders the rest. The result is remembered for the same inputs.
 */
import { aheadOf } from '../../core/desired/ahead.ts';
import type { Desired } from '../../core/desired/desired.ts';
import { sameValue } from '../../core/collections/same.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Placement } from '../../core/plan/placement.ts';
import { skeletonOf, type Renderer, type Rendering } from '../../render/render.ts';
import type { Rejections } from '../rejected/rejections.ts';
import type { Applied } from '../decide/applied.ts';
import type { Candidate } from '../decide/candidate.ts';
import type { Judging, LoopState } from '../decide/state.ts';
import { suspected } from '../decide/trial.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Makes candidates. */
export interface Candidates {
  /**
   * What a round is to apply. It has the present servers, as long as only servers have changed since the round began.
   */
  readonly of: (round: Judging, state: Pick<LoopState, 'desired' | 'applied'>) => Candidate;
  /** What was applied, as text. */
  readonly applied: (applied: Applied) => Candidate;
  /** Milliseconds spent on rendering since the last call. */
  readonly takeRenderMs: () => number;
}

/** Where services may be in spare backends. */
export interface Placing extends Pick<Renderer, 'place'>, Pick<Runtime['spares'], 'current' | 'accepted'> {
  /** Whether all services are to get backends of their own names. */
  readonly isSettling: () => boolean;
}

const inNoSpares: Placing = {
  place: () => undefined,
  current: () => undefined,
  accepted: () => undefined,
  isSettling: () => false,
};

/** Creates the maker of candidates. */
export function createCandidates({
  rejections,
  render,
  placing: { place, current, accepted, isSettling } = inNoSpares,
  now,
}: {
  readonly rejections: Rejections;
  readonly render: Renderer['render'];
  readonly placing?: Placing;
  readonly now: () => number;
}): Candidates {
  let renderMs = 0;
  const text = rememberedText((desired, inputs, placement) => {
    const start = now();
    const rendering = render(desired, inputs, placement);
    renderMs += now() - start;
    return rendering;
  });
  let last: Made | undefined;

  /** In the backends that HAProxy has, where no more than servers and maps differs then; else as a reload makes it. */
  function placedText(desired: Desired, inputs: ChangingHead, skeleton: string | undefined): Rendering {
    const before = isSettling() || skeleton === undefined ? undefined : current();
    const found = before && place(desired, before);
    const placed = found?.homeless.size === 0 ? text(desired, inputs, found.placement) : undefined;
    return placed !== undefined && skeletonOf(placed.hash) === skeleton ? placed : text(desired, inputs);
  }

  /** What the candidate itself has brought HAProxy to makes no other candidate. */
  const isStill = (
    made: Made | undefined,
    key: readonly unknown[],
    applied: Applied | undefined,
  ): made is Made =>
    made !== undefined &&
    !(made.candidate.isAhead === true && applied?.served === made.candidate.desired) &&
    key.every((value, i) => value === made.key[i]) &&
    (current() === made.before ||
      (accepted() !== undefined && accepted() === placementOf(made.candidate.rendering)));

  /** What of it can be served without the reload that the whole takes; undefined where nothing new can. */
  function ahead(
    whole: Desired,
    inputs: ChangingHead,
    skeleton: string | undefined,
    applied: Applied | undefined,
  ): Pick<Candidate, 'desired' | 'rendering'> | undefined {
    const before = current();
    if (before === undefined || skeleton === undefined || applied?.adopted !== undefined || isSettling())
      return undefined;
    const served = applied?.served;
    const first = served && aheadOf(whole, served);
    const homeless = first && place(first, before)?.homeless;
    if (served === undefined || homeless === undefined) return undefined;
    const desired = homeless.size === 0 ? first : aheadOf(whole, served, homeless);
    const found = desired && place(desired, before);
    if (desired === undefined || found === undefined || found.homeless.size > 0) return undefined;
    const rendering = text(desired, inputs, found.placement);
    return skeletonOf(rendering.hash) === skeleton ? { desired, rendering } : undefined;
  }

  return {
    of: ({ observed: { haproxy, inputs, facts }, trial, due, ...round }, { desired, applied }) => {
      // During the first comparison with HAProxy, the candidate must stay the same.
      const isFirst = applied === undefined || applied.adopted !== undefined;
      const isCurrent = !isFirst && desired.conflicts === round.desired.conflicts;
      const from = isCurrent ? desired : round.desired;
      const { waiting, complaint } = suspected(trial);
      const skeleton = typeof haproxy === 'string' ? undefined : skeletonOf(haproxy.hash);
      const key = [
        from,
        inputs,
        facts,
        waiting.length > 0 && waiting,
        complaint,
        rejections.version(),
        skeleton,
        isSettling(),
      ];
      if (!isStill(last, key, applied)) {
        const before = current();
        const against = { facts, waiting, complaint };
        const made = rejections.writable(from, against, (some) => placedText(some, inputs, skeleton));
        const mayBeAhead =
          trial.kind === 'untried' && !due.reload && skeletonOf(made.rendering.hash) !== skeleton;
        const part = mayBeAhead ? ahead(made.desired, inputs, skeleton, applied) : undefined;
        const fresh = rejections.freshIn((part ?? made).desired);
        last = {
          ...{ key, before },
          candidate: { from, inputs, ...made, fresh, ...(part && { ...part, isAhead: true }) },
        };
      }
      return last.candidate;
    },
    applied: ({ desired, served, inputs }) => ({
      from: desired,
      desired: served,
      inputs,
      rendering: text(served, inputs, current()),
      fresh: [],
    }),
    takeRenderMs: () => {
      const taken = renderMs;
      renderMs = 0;
      return taken;
    },
  };
}

interface Made {
  readonly key: readonly unknown[];
  /** What HAProxy had when it was made. */
  readonly before: Placement | undefined;
  readonly candidate: Candidate;
}

type Render = (desired: Desired, inputs: ChangingHead, placement?: Placement) => Rendering;

const placementOf = ({ pool }: Rendering) => (pool?.kind === 'spares' ? pool.placement : undefined);

/** Remembers the last text: the same state is rendered many times while nothing changes. */
function rememberedText(render: Render): Render {
  let last: { of: Parameters<Render>; rendering: Rendering } | undefined;
  return (...of) => {
    const [desired, inputs, placement] = of;
    const isSame =
      last?.of[0] === desired &&
      sameValue(last.of[1], inputs) &&
      (last.of[2] === placement || (placement !== undefined && placementOf(last.rendering) === placement));
    if (last === undefined || !isSame) last = { of, rendering: render(...of) };
    return last.rendering;
  };
}
