/**
 * Brings what changed in the mirror into the desired state. Apps on which the model failed are tried again after a
 * while, since nothing may change that would set that off.
 */
import type { LoopState } from '../decide/state.ts';
import { derived, type Model } from './derive.ts';
import type { Change, Inbox } from './inbox.ts';

export interface Changes {
  /** @returns the state with what has changed since; undefined where nothing has */
  readonly take: (state: () => LoopState) => Promise<LoopState | undefined>;
  readonly close: () => void;
}

export interface ChangesParts {
  readonly inbox: Inbox;
  readonly model: Model;
  /** Looks up the agents' names that are new. */
  readonly learnHosts: (change: Change) => Promise<void>;
  /** Asks for a pass. */
  readonly request: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly later: (callback: () => void, afterMs: number) => () => void;
}

/** Milliseconds until apps that could not be derived are tried again. */
const rederiveMs = 5000;

export function createChanges({ inbox, model, learnHosts, request, now, later }: ChangesParts): Changes {
  let cancel: () => void = () => undefined;
  return {
    take: async (state) => {
      const change = inbox.take();
      if (change === undefined) return undefined;
      const known = learnHosts(change);
      // HAProxy is not given its first servers without those whose names are a moment away.
      if (state().applied === undefined) await known;
      const start = now();
      const next = derived(state(), change, model, start);
      cancel();
      if (next.underived.size > 0)
        cancel = later(() => {
          inbox.touch(next.underived, 'apps that could not be derived');
          request();
        }, rederiveMs);
      return { ...next, deriveMs: next.deriveMs + now() - start };
    },
    close: () => cancel(),
  };
}
