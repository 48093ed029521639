/** The search for what HAProxy refuses, with the real renderer and the real `haproxy -c`, without a daemon around it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import type { App } from '../../src/core/model/model.ts';
import { openLastGood, type LastGood } from '../../src/daemon/rejected/last-good.ts';
import { createActor } from '../../src/daemon/pipeline/act.ts';
import type { Candidate } from '../../src/daemon/decide/candidate.ts';
import { createCandidates } from '../../src/daemon/pipeline/candidates.ts';
import { decide } from '../../src/daemon/decide/decide.ts';
import { settle } from '../../src/daemon/settle/settle.ts';
import { initialState, type Judging, type LoopState } from '../../src/daemon/decide/state.ts';
import { createRejections } from '../../src/daemon/rejected/rejections.ts';
import { openVerdicts, type Verdicts } from '../../src/daemon/rejected/verdicts.ts';
import { checkConfiguration, type CheckMessage } from '../../src/haproxy/files/check.ts';
import type { Running } from '../../src/haproxy/control/control.ts';
import { publishRevision, type PublishedRevision } from '../../src/haproxy/files/publish.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer } from '../../src/render/render.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { aContext } from './context.ts';
import { changingHead } from './changing-head.ts';

export interface Found {
  readonly candidate: Candidate;
  /** Undefined where HAProxy runs just that already. */
  readonly revision: PublishedRevision | undefined;
  /** Services were left out that may be well. */
  readonly unfinished: boolean;
  /** How often HAProxy was asked. */
  readonly checks: number;
}

export interface Examination {
  /** What comes of these apps. @throws Error with HAProxy's words where it refuses what is no service's */
  readonly of: (apps: readonly App[]) => Promise<Found>;
  /** What stands in its messages instead of places and names. */
  readonly nameless: { now: boolean };
  /** How many times HAProxy refuses whatever it is given. */
  readonly refusals: { left: number };
  /** As a new daemon starts. */
  readonly restart: () => Promise<void>;
  readonly warnings: string[];
  readonly directory: string;
  readonly close: () => Promise<void>;
}

const program = process.env['TEST_HAPROXY'] ?? 'haproxy';

export async function anExamination(settings: Record<string, unknown> = {}): Promise<Examination> {
  const directory = await mkdtemp(join(tmpdir(), 'pacer-examine-'));
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const head = fixedHead(
    resolveSettings({
      flags: { groups: ['external'], stateDir: directory, dontBindHttpHttps: true, ...settings },
      environment: {},
      file: undefined,
    }).settings,
  );
  const render = renderer(loadFragments(), head);
  const nameless = { now: false };
  const refusals = { left: 0 };
  let verdicts: Verdicts;
  let lastGood: LastGood;
  const open = async () => {
    verdicts = await openVerdicts({ file: join(directory, 'verdicts.json'), haproxyVersion: 'any', warn });
    lastGood = await openLastGood({ file: join(directory, 'last-good.jsonl'), context: aContext(), warn });
  };
  const close = async () => {
    await verdicts.close();
    await lastGood.close();
  };
  await open();
  let number = 0;
  let runs = '';
  let checks = 0;

  const judged = async ({
    directory: folder,
  }: PublishedRevision): Promise<readonly CheckMessage[] | undefined> => {
    checks += 1;
    if (refusals.left > 0) {
      refusals.left -= 1;
      await rm(folder, { recursive: true });
      return [{ severity: 'alert', text: 'out of order' }];
    }
    const verdict = await checkConfiguration({ program, file: join(folder, 'haproxy.cfg') });
    if (verdict.kind === 'accepted') return undefined;
    await rm(folder, { recursive: true });
    return nameless.now ? verdict.messages.map(withoutNames) : verdict.messages;
  };

  return {
    nameless,
    refusals,
    warnings,
    directory,
    restart: async () => {
      await close();
      await open();
    },
    close: async () => {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
    of: async (apps) => {
      checks = 0;
      const context = aContext({ lastGood: lastGood.of });
      const desired = nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
      const rejections = createRejections({ verdicts, lastGood, sample: render.sample });
      await rejections.look(desired);
      const candidates = createCandidates({ rejections, render: render.render, now: () => 0 });
      const actor = createActor({
        rejections,
        publisher: {
          write: ({ hash, files }: Candidate['rendering']) =>
            publishRevision(directory, { number: ++number, hash, files }),
          complaints: judged,
          discard: (revision: PublishedRevision) => rm(revision.directory, { recursive: true }),
        },
        now: () => 0,
      } as never);
      let state = { ...initialState(0), desired, round: judging(desired, runs) } as LoopState;
      for (;;) {
        const step = decide({
          ...{ state, now: 0, mirror: new Map(), serving: context, draining: new Set(), reloadWaitMs: 0 },
          ...{ diskHash: undefined, confirmedAt: undefined, unheard: [], missing: () => [] },
          limits: { maxShare: 1, floor: 0, pauseMs: 0, gatherMs: 0, sampleMs: 0 },
          candidate: (round) => candidates.of(round, state),
          appliedText: candidates.applied,
        });
        if (step.kind === 'postpone' && step.why.kind === 'refused')
          throw new Error(step.why.messages.map(({ text }) => text).join());
        if (step.kind === 'reload' || step.kind === 'finish' || step.kind === 'compare') {
          const good = step.kind === 'reload' ? step.good : undefined;
          const { trial } = state.round as Judging;
          const unfinished = good?.unfinished ?? (trial.kind === 'searching' && trial.waiting.length > 0);
          const candidate = good?.candidate ?? candidates.of(state.round as Judging, state);
          runs = candidate.rendering.hash;
          lastGood.serves(candidate.desired);
          return { candidate, revision: good?.revision, unfinished, checks };
        }
        if (step.kind !== 'check' && step.kind !== 'reject')
          throw new Error(`no step of a search: ${step.kind}`);
        state = settle(state, step, await actor.slow(step, state), 0, 0).state;
      }
    },
  };
}

/** HAProxy runs this already, and everything has been read. */
function judging(desired: LoopState['desired'], hash: string): Judging {
  const haproxy: Running = {
    ...{ hash, version: 'any', workerPid: 1, uptimeSeconds: 1 },
    ...{ oldWorkers: [], reloads: 0, failedReloads: 0 },
  };
  return {
    kind: 'judging',
    observed: {
      ...{ kind: 'seen', haproxy, inputs: changingHead(), facts: new Map() },
      ...{ descriptors: undefined, ownListeners: 0, budget: undefined, unknown: undefined },
    },
    desired,
    due: { everything: true, reload: false, cause: { text: 'a test', receivedAt: undefined }, since: 0 },
    comparison: { kind: 'all', next: 0 },
    trial: { kind: 'untried' },
    steps: [],
    files: [],
    durations: { derive: 0, render: 0, check: 0, publish: 0, apply: 0 },
  };
}

const withoutNames = ({ severity }: CheckMessage): CheckMessage => ({ severity, text: 'something is wrong' });
