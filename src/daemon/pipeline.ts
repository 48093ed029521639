/**
 * The way of the data, top to bottom:
 *
 *   mirror ─ changed apps ─▶ desired ─▶ preflight ─▶ render ─▶ plan ─▶ publish ─▶ check ─▶ reload ─▶ journal
 *
 * One pass at a time. Each compares what is desired with what HAProxy says it runs, so a pass that failed
 * is repeated as long as there is a difference. Whatever fails leaves HAProxy as it is.
 */
import type { ModelContext } from '../core/app-services.ts';
import { allDiagnostics, nextDesired, nothingDesired, withHolds, type Desired } from '../core/desired.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { planChange, type Plan } from '../core/plan.ts';
import { messageOf } from '../errors.ts';
import type { HaproxyControl, Running } from '../haproxy/control.ts';
import type { PublishedRevision } from '../haproxy/publish.ts';
import type { ChangingFrame, Rendering } from '../render/render.ts';
import type { Change, Inbox } from './inbox.ts';
import type { Journal, StageDurations } from './journal.ts';
import { preflight, type PreflightResult } from './preflight.ts';
import type { Publisher } from './publisher.ts';
import { createQuarantine } from './quarantine.ts';
import type { ReloadBudget } from './reload-budget.ts';

export interface PipelineParts {
  readonly inbox: Inbox;
  readonly context: ModelContext;
  /** Looks up the agents' names that are new; waits for them only a moment. */
  readonly learnHosts: (change: Change) => Promise<void>;
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly render: (desired: Pick<Desired, 'services' | 'routes'>, frame: ChangingFrame) => Rendering;
  /** Read anew for each pass: certificates are renewed, limits change. */
  readonly surroundings: () => Promise<Surroundings>;
  readonly budget: ReloadBudget;
  readonly journal: Journal;
  /** Asks for another pass after a while. */
  readonly again: (afterMs: number, why: string) => void;
  readonly now: () => number;
}

export interface Surroundings {
  readonly frame: ChangingFrame;
  readonly descriptorLimit: number | undefined;
  readonly ownListeners: number;
  readonly probePorts: boolean;
}

/** What the pipeline knows, for status and metrics. */
export interface PipelineState {
  /** Undefined until the first pass. */
  readonly desired: Desired | undefined;
  readonly desiredHash: string | undefined;
  readonly running: Running | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** What stands between desired and running now; undefined when nothing does. */
  readonly failure: { readonly stage: string; readonly message: string; readonly at: string } | undefined;
}

export interface Pipeline {
  /** Never rejects. */
  readonly pass: () => Promise<void>;
  readonly state: () => PipelineState;
}

type Stage = keyof StageDurations;

/** What one pass wants HAProxy to run. */
interface Wanted {
  readonly desired: Desired;
  readonly rendering: Rendering;
}

/** How many times one pass may ask haproxy -c. */
const mostChecks = 4;

export function createPipeline(parts: PipelineParts): Pipeline {
  const { inbox, control, publisher, budget, journal, now } = parts;
  const quarantine = createQuarantine();
  let derived = nothingDesired;
  let applied: { desired: Desired; hash: string } | undefined;
  let failures = 0;
  let state: PipelineState = {
    desired: undefined,
    desiredHash: undefined,
    running: undefined,
    diagnostics: [],
    failure: undefined,
  };

  async function pass(): Promise<void> {
    // Nothing is applied before the first complete snapshot.
    if (!inbox.ready()) return;
    const change = inbox.take();
    const time = stopwatch(now);
    let plan: Plan = { kind: 'none' };
    let revision: PublishedRevision | undefined;
    try {
      await time('derive', () => derive(change));
      const running = await control.running();
      const surroundings = await parts.surroundings();
      const facts = await time('derive', () => judge(running, surroundings));
      const want = () => time('render', () => wantedState(facts, surroundings.frame));

      let wanted = await want();
      plan = planFor(wanted, running);
      state = { ...state, running };
      for (let checks = 1; plan.kind !== 'none'; checks++) {
        const wait = running === undefined ? 0 : budget.waitMs(now());
        if (wait > 0) {
          inbox.putBack(change);
          parts.again(wait, 'the reload budget is used up');
          return;
        }
        const { desired, rendering } = wanted;
        const written = (revision = await time('publish', () =>
          publisher.write(rendering, desired, change.cause),
        ));
        const verdict = await time('check', () => publisher.check(written));
        if (verdict.kind === 'accepted') break;
        await publisher.discard(written);
        const blamed = quarantine.blame(verdict.messages, rendering, desired);
        if (blamed === 0 || checks === mostChecks)
          throw new Error(verdict.messages.map(({ text }) => text).join('; '));
        wanted = await want();
        // Without the culprits it may be just what runs already.
        plan = planFor(wanted, running);
      }
      if (plan.kind !== 'none' && revision !== undefined) {
        const published = revision;
        budget.spend(now());
        await time('apply', () => publisher.apply(published, wanted.rendering.hash, running !== undefined));
        state = { ...state, running: await control.running() };
        record(change, plan, published.number, wanted.rendering.hash, time.durations, undefined);
      }
      applied = { desired: wanted.desired, hash: wanted.rendering.hash };
      failures = 0;
      state = { ...state, failure: undefined };
      if (quarantine.hasRetry()) parts.again(5000, 'what held a service back may be mended');
    } catch (error) {
      const failure = { stage: time.stage(), message: messageOf(error), at: new Date(now()).toISOString() };
      state = { ...state, failure };
      record(change, plan, revision?.number ?? 0, state.desiredHash ?? '', time.durations, failure);
      parts.again(Math.min(60_000, 1000 * 2 ** failures), `${failure.stage} failed`);
      failures += 1;
    }
  }

  async function derive(change: Change): Promise<void> {
    await parts.learnHosts(change);
    derived = nextDesired(derived, change.delta, parts.context);
  }

  function judge(running: Running | undefined, surroundings: Surroundings): Promise<PreflightResult> {
    const { descriptorLimit, ownListeners, frame, probePorts } = surroundings;
    const { binds, backends } = publisher.contentsOf(running?.hash);
    return preflight({
      desired: derived,
      runningBinds: binds,
      serving: backends,
      budget:
        descriptorLimit === undefined
          ? undefined
          : { limit: descriptorLimit, maxconn: frame.maxconn, ownListeners },
      probePorts,
    });
  }

  function wantedState({ holds, certificateDigests }: PreflightResult, frame: ChangingFrame): Wanted {
    const desired = withHolds(derived, quarantine.holds(derived, holds));
    const digests = new Map([...frame.certificateDigests, ...certificateDigests]);
    const rendering = parts.render(desired, { ...frame, certificateDigests: digests });
    state = { ...state, desired, desiredHash: rendering.hash, diagnostics: allDiagnostics(desired) };
    return { desired, rendering };
  }

  function planFor({ desired, rendering }: Wanted, running: Running | undefined): Plan {
    // Where HAProxy cannot be asked, what it was last given has to stand for what it runs.
    const blind = control.mode === 'command' && running === undefined;
    const runningHash = blind ? applied?.hash : running?.hash;
    return planChange({
      applied: applied?.desired,
      appliedHash: applied?.hash,
      desired,
      desiredHash: rendering.hash,
      runningHash,
    });
  }

  function record(
    change: Change,
    plan: Plan,
    revision: number,
    hash: string,
    durations: StageDurations,
    failure: PipelineState['failure'],
  ): void {
    const eventToAppliedMs =
      failure !== undefined || change.receivedAt === undefined ? undefined : now() - change.receivedAt;
    const result =
      failure === undefined ? ({ kind: 'applied' } as const) : ({ kind: 'failed', ...failure } as const);
    journal.add({
      revision,
      hash,
      at: new Date(now()).toISOString(),
      cause: change.cause,
      plan,
      durations,
      eventToAppliedMs,
      result,
    });
  }

  return { pass, state: () => state };
}

/** Times the stages of a pass, and remembers the one it was in. */
function stopwatch(now: () => number) {
  const durations: StageDurations = { derive: 0, render: 0, check: 0, publish: 0, apply: 0 };
  let current: Stage = 'derive';
  const time = async <T>(stage: Stage, work: () => T | Promise<T>): Promise<T> => {
    current = stage;
    const start = now();
    try {
      return await work();
    } finally {
      durations[stage] += now() - start;
    }
  };
  return Object.assign(time, { durations, stage: () => current });
}
