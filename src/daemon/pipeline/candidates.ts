/**
 * Makes candidates: leaves out what is rejected, and renders the rest. The result is remembered for the same inputs.
 */
import type { Desired } from '../../core/desired/desired.ts';
import { sameValue } from '../../core/collections/same.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Renderer, Rendering } from '../../render/render.ts';
import type { Rejections } from '../rejected/rejections.ts';
import type { Applied } from '../decide/applied.ts';
import type { Candidate } from '../decide/candidate.ts';
import type { Judging, LoopState } from '../decide/state.ts';
import { suspected } from '../decide/trial.ts';

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

/** Creates the maker of candidates. */
export function createCandidates({
  rejections,
  render,
  now,
}: {
  readonly rejections: Rejections;
  readonly render: Renderer['render'];
  readonly now: () => number;
}): Candidates {
  let renderMs = 0;
  const text = rememberedText((desired, inputs) => {
    const start = now();
    const rendering = render(desired, inputs);
    renderMs += now() - start;
    return rendering;
  });
  let last: { readonly key: readonly unknown[]; readonly candidate: Candidate } | undefined;

  return {
    of: ({ observed: { inputs, facts }, trial, ...round }, { desired, applied }) => {
      // During the first comparison with HAProxy, the candidate must stay the same.
      const isFirst = applied === undefined || applied.adopted !== undefined;
      const isCurrent = !isFirst && desired.conflicts === round.desired.conflicts;
      const from = isCurrent ? desired : round.desired;
      const { waiting, complaint } = suspected(trial);
      const key = [from, inputs, facts, waiting, complaint, rejections.version()];
      if (last === undefined || key.some((value, i) => value !== last?.key[i])) {
        const against = { facts, waiting, complaint };
        const made = rejections.writable(from, against, (some) => text(some, inputs));
        last = { key, candidate: { from, inputs, ...made, fresh: rejections.freshIn(made.desired) } };
      }
      return last.candidate;
    },
    applied: ({ desired, served, inputs }) => ({
      from: desired,
      desired: served,
      inputs,
      rendering: text(served, inputs),
      fresh: [],
    }),
    takeRenderMs: () => {
      const taken = renderMs;
      renderMs = 0;
      return taken;
    },
  };
}

type Render = (desired: Desired, inputs: ChangingHead) => Rendering;

/** Remembers the last text: the same state is rendered many times while nothing changes. */
function rememberedText(render: Render): Render {
  let last: { desired: Desired; inputs: ChangingHead; rendering: Rendering } | undefined;
  return (desired, inputs) => {
    if (last?.desired !== desired || !sameValue(last.inputs, inputs))
      last = { desired, inputs, rendering: render(desired, inputs) };
    return last.rendering;
  };
}
