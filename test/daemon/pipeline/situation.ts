/** Situations of the control loop for tests: a quiet one, and what makes it another. */
import { nextDesired, nothingDesired, type Desired } from '../../../src/core/desired/desired.ts';
import type { BackendName } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import type { Applied } from '../../../src/daemon/decide/applied.ts';
import type { Candidate } from '../../../src/daemon/decide/candidate.ts';
import {
  initialState,
  type Judging,
  type LoopState,
  type Situation,
} from '../../../src/daemon/decide/state.ts';
import type { Running } from '../../../src/haproxy/control/control.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { changingHead } from '../../support/changing-head.ts';
import { aContext } from '../../support/context.ts';

export const context = aContext();
export const now = 1_000_000;

/** `web` with tasks of these numbers, on service port 10000. */
export const web = (tasks: readonly number[] = [1, 2], parts: Partial<App> = {}): App =>
  anApp('/web', { ports: [aPort(10_000)], tasks: tasks.map((n) => aTask('/web', n)), ...parts });

export const desiredOf = (...apps: App[]): Desired =>
  nextDesired(nothingDesired, { changed: apps, removed: [] }, context);

/** The same model after some apps changed, as the loop derives it. */
export const after = (before: Desired, ...apps: App[]): Desired =>
  nextDesired(before, { changed: apps, removed: [] }, context);

export const skeletons = { one: '1'.repeat(32), two: '2'.repeat(32) };
export const hashOf = (skeleton: string, whole = 'a'): string => `${skeleton}.${whole.repeat(32)}`;

export const running = (parts: Partial<Running> = {}): Running => ({
  ...{ hash: hashOf(skeletons.one), version: '2.6.12', masterPid: 1, workerPid: 2, uptimeSeconds: 3 },
  ...{ oldWorkers: [], reloads: 0, failedReloads: 0 },
  ...parts,
});

export const appliedOf = (desired: Desired, parts: Partial<Applied> = {}): Applied => ({
  desired,
  served: desired,
  inputs: changingHead(),
  skeleton: skeletons.one,
  descriptorsLeft: 1000,
  adopted: undefined,
  ...parts,
});

export const candidateOf = (
  desired: Desired,
  parts: Partial<Candidate> & { hash?: string } = {},
): Candidate => {
  const { hash = hashOf(skeletons.one), ...rest } = parts;
  return {
    from: desired,
    desired,
    inputs: changingHead(),
    rendering: { hash, files: new Map(), pool: undefined, maps: new Map(), backendAt: () => undefined },
    fresh: [],
    ...rest,
  };
};

export const judgingOf = (desired: Desired, parts: Partial<Judging> = {}): Judging => ({
  kind: 'judging',
  observed: {
    ...{ kind: 'seen', haproxy: running(), inputs: changingHead(), facts: new Map() },
    ...{ descriptors: undefined, budget: undefined, ownListeners: 4, unknown: undefined },
  },
  desired,
  due: dueOf(),
  comparison: { kind: 'changed' },
  trial: { kind: 'untried' },
  steps: [],
  files: [],
  durations: { derive: 0, render: 0, check: 0, publish: 0, apply: 0 },
  ...parts,
});

export const dueOf = (parts: Partial<NonNullable<LoopState['due']>> = {}): NonNullable<LoopState['due']> => ({
  ...{
    everything: false,
    reload: false,
    cause: { text: 'a test', receivedAt: undefined },
    since: now - 1000,
  },
  ...parts,
});

export interface Given {
  readonly state?: Partial<LoopState>;
  readonly situation?: Partial<Situation>;
  /** What a round comes to; what is desired, with the skeleton that HAProxy runs, unless told. */
  readonly candidate?: Candidate;
  /** Marathon's apps; those that are desired unless told. */
  readonly mirror?: readonly App[];
}

/** What is desired and applied unless told. */
export const quiet = desiredOf(web());

/** Up to date, and nothing to do for a while. */
export function situationOf({ state: parts = {}, situation = {}, candidate, mirror }: Given = {}): Situation {
  const desired = parts.desired ?? quiet;
  const state: LoopState = {
    ...initialState(now),
    desired,
    unpinned: desired,
    applied: appliedOf(desired),
    sampleDueAt: now + 3000,
    outOfSyncSince: undefined,
    running: running(),
    ...parts,
  };
  const apps = mirror ?? [...desired.apps.values()].map(({ app }) => app);
  return {
    ...{ state, now, serving: context, draining: new Set<BackendName>(), reloadWaitMs: 0 },
    mirror: new Map(apps.map((app) => [app.id, app])),
    diskHash: hashOf(skeletons.one),
    confirmedAt: now,
    unheard: [],
    limits: { maxShare: 0.5, floor: 10, pauseMs: 30_000, gatherMs: 20, sampleMs: 5000 },
    missing: () => [],
    candidate: (round) => candidate ?? candidateOf(round.desired),
    appliedText: ({ served }) => candidateOf(served),
    ...situation,
  };
}
