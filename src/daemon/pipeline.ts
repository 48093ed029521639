/**
 * The way of the data, top to bottom:
 *
 *   mirror ─ changed apps ─▶ desired ─┬─ only servers changed ─▶ runtime socket ─▶ journal, text on disk soon after
 *                                     └─ anything else ─▶ preflight ─▶ render ─▶ runtime socket
 *                                                          └─▶ publish ─▶ check ─▶ reload ─▶ journal
 *
 * One pass at a time. Each compares what is desired with what HAProxy says it has, so a pass that failed is
 * repeated as long as there is a difference. Whatever fails leaves HAProxy as it is.
 */
import { allDiagnostics, nextDesired, nothingDesired } from '../core/desired.ts';
import { requestedReload, runtimePlan, type Plan } from '../core/plan.ts';
import { messageOf } from '../errors.ts';
import type { Running } from '../haproxy/control.ts';
import type { PublishedRevision } from '../haproxy/publish.ts';
import { hasOneWorker, runningOf } from '../haproxy/running.ts';
import type { ChangingFrame } from '../render/head.ts';
import { frameOf } from '../render/render.ts';
import { examine, type Examined } from './examine.ts';
import type { Change } from './inbox.ts';
import { createKnown } from './known.ts';
import { believedOf, serversOnly, type Live } from './live.ts';
import type { Pipeline, PipelineParts, PipelineState, Surroundings, Wanted } from './pipeline-types.ts';
import { createGlance } from './glance.ts';
import type { PreflightResult } from './preflight.ts';
import { preflightOfAll } from './preflight-of-all.ts';
import { createQuarantine } from './quarantine.ts';
import { rememberLast } from './remember-last.ts';
import { createRuntime } from './runtime.ts';
import { stopwatch, type Stopwatch } from './stopwatch.ts';
import { textOnDisk } from './text-on-disk.ts';

export function createPipeline(parts: PipelineParts): Pipeline {
  const { inbox, control, publisher, budget, journal, now } = parts;
  const quarantine = createQuarantine({ ...parts, sample: parts.render.sample });
  const runtime = createRuntime({ ...parts, serverLine: parts.render.serverLine });
  const glance = createGlance({ ...parts, runtime });
  const rendered = rememberLast(parts.render.render);
  let mirrored = nothingDesired;
  /** The same as it is to be served: with a revision's definitions where one is pinned. */
  let derived = nothingDesired;
  let live: (Live & { readonly changing: ChangingFrame }) | undefined;
  const text = textOnDisk({
    ...parts,
    current: () => {
      if (live === undefined || !state.inSync) return undefined;
      return { desired: live.desired, rendering: rendered(live.desired, live.changing) };
    },
    onWritten: (desiredHash) => {
      state = { ...state, desiredHash };
    },
  });
  const known = createKnown({ ...parts, runtime, live: () => live });
  const { runsFrameOf, runtimeWanted, planReload, spare } = known;
  let failures = 0;
  let state: PipelineState = {
    desired: undefined,
    mirrored: nothingDesired,
    desiredHash: undefined,
    running: undefined,
    blind: control.mode === 'command',
    inSync: false,
    outOfSyncSince: 0,
    diagnostics: [],
    failure: undefined,
    runtimeCommands: 0,
    socketFault: undefined,
  };

  async function pass(): Promise<void> {
    // Nothing is applied before the first complete snapshot, or the one that was stored.
    if (!inbox.ready()) return;
    let change = inbox.take();
    const time = stopwatch(now);
    try {
      if (change.look && (await asBelieved())) return;
      await time('derive', () => derive(change));
      if (await changeServers(change, time)) return;
      await parts.gather();
      inbox.putBack(change);
      change = inbox.take();
      await time('derive', () => derive(change));
      await changeAll(change, time);
    } catch (error) {
      fail(change, { kind: 'none' }, time, error);
    }
  }

  /** @returns false where HAProxy is not known to run what it should, so that everything is to be compared */
  async function asBelieved(): Promise<boolean> {
    if (live === undefined || !state.inSync) return false;
    const { desired, changing } = live;
    const running = await glance({ live, state, maps: () => rendered(desired, changing).maps });
    if (running === undefined) return false;
    state = { ...state, running };
    return true;
  }

  async function derive(change: Change): Promise<void> {
    await parts.learnHosts(change);
    mirrored = nextDesired(mirrored, change.delta, parts.context);
    derived = parts.pinned(mirrored);
  }

  /** The short way. @returns false where it cannot be gone, or did not lead there */
  async function changeServers(change: Change, time: Stopwatch): Promise<boolean> {
    if (live === undefined || !state.inSync || change.everything || change.look) return false;
    const next = serversOnly(live, derived, change.delta);
    if (next === undefined) return false;
    const services = [...new Set([...next.services, ...runtime.departing(next.live.desired)])];
    const believed = believedOf(services, live.desired);
    const outcome = await time('apply', () => runtime.bring(services, believed));
    if (outcome.kind === 'impossible') return false;
    live = { ...live, ...next.live };
    parts.lastGood.servesAlso(next.services, live.desired);
    // Definitions are the same, and so are the diagnostics.
    state = { ...state, desired: live.desired };
    const plan = runtimePlan(outcome.steps);
    if (plan.kind === 'none') return true;
    record(change, plan, publisher.takeNumber(), time);
    text.request();
    return true;
  }

  async function changeAll(change: Change, time: Stopwatch): Promise<void> {
    const running = runningOf(await control.running());
    await publisher.look();
    const surroundings = await parts.surroundings();
    const facts = await time('derive', () => judge(running, surroundings));
    const want = () => time('render', () => wantedState(facts, surroundings.frame));
    let wanted = await want();
    state = { ...state, running, blind: state.blind && running === undefined };

    // Servers first: they are the freshest that can be had, should the reload wait or fail.
    const outcome = await time('apply', () => known.change(wanted, running, surroundings));
    if (outcome.kind === 'done' && runsFrameOf(wanted, running) && !change.reload) {
      await settle(wanted, surroundings);
      if (publisher.activeHash() !== wanted.rendering.hash) text.request();
      const plan = runtimePlan(outcome.steps, outcome.files);
      if (plan.kind !== 'none') record(change, plan, publisher.takeNumber(), time);
      return;
    }

    let plan = change.reload ? requestedReload(change.cause) : planReload(wanted, running, outcome);
    outOfSync();
    await text.idle();
    let revision: PublishedRevision | undefined;
    try {
      const wait = running === undefined ? 0 : budget.waitMs(now(), running.oldWorkers.length);
      if (wait > 0) {
        inbox.putBack(change);
        parts.again(wait, 'the reload budget is used up');
        return;
      }
      const findGood = (runsAlready: (some: Wanted) => boolean): Promise<Examined> =>
        examine({ quarantine, want, runsAlready, ...checking(change, time) });
      const { hash } = wanted.rendering;
      let good = await findGood(
        (some) => !change.reload && some.rendering.hash !== hash && runsFrameOf(some, running),
      );
      if (good.unfinished) parts.again(1000, 'services wait that may be well');
      // Without the culprits it may be just what runs already.
      if (good.revision === undefined) {
        const what = runtimeWanted(good.wanted);
        const rest = await time('apply', () => runtime.bringAll(what));
        if (rest.kind === 'done') {
          await settle(good.wanted, surroundings);
          return;
        }
        plan = planReload(good.wanted, running, rest);
        good = await findGood(() => false);
      }
      wanted = good.wanted;
      revision = good.revision;
      if (revision === undefined) throw new Error('nothing was written');
      const published = revision;
      budget.spend(now());
      await time('apply', () => publisher.apply(published, wanted.rendering.hash, running !== undefined));
      known.loaded(wanted);
      state = { ...state, running: runningOf(await control.running()) };
      await settle(wanted, surroundings);
      record(change, plan, published.number, time);
    } catch (error) {
      fail(change, plan, time, error, revision);
    }
  }

  const checking = ({ cause }: Change, time: Stopwatch) => ({
    write: ({ rendering, desired }: Wanted) =>
      time('publish', () => publisher.write(rendering, desired, cause)),
    complaints: (revision: PublishedRevision) => time('check', () => publisher.complaints(revision)),
    discard: publisher.discard,
  });

  function judge(running: Running | undefined, surroundings: Surroundings): Promise<PreflightResult> {
    const { budget: descriptors, ports } = surroundings;
    const contents = publisher.contentsOf(running?.hash);
    return preflightOfAll(derived, quarantine, {
      runningBinds: contents?.binds ?? new Set(),
      serving: contents?.backends ?? new Set(),
      budget: descriptors,
      ports: { ...ports, hasNone: contents !== undefined && hasOneWorker(running) },
    });
  }

  function wantedState(facts: PreflightResult, frame: ChangingFrame): Wanted {
    const certificateDigests = new Map([...frame.certificateDigests, ...facts.certificateDigests]);
    const changing = { ...frame, certificateDigests, fileDigests: facts.fileDigests };
    const { desired, rendering } = quarantine.writable(derived, (some) => rendered(some, changing));
    state = { ...state, desired, desiredHash: rendering.hash, diagnostics: allDiagnostics(desired) };
    return { desired, changing, rendering };
  }

  async function settle({ desired, changing, rendering }: Wanted, surroundings: Surroundings): Promise<void> {
    live = {
      derived,
      desired,
      changing,
      frame: frameOf(rendering.hash) ?? '',
      descriptorsLeft: await spare(desired, changing, surroundings),
    };
    failures = 0;
    parts.lastGood.serves(desired);
    if (publisher.activeHash() === rendering.hash) text.settled();
    state = { ...state, failure: undefined, inSync: true, outOfSyncSince: undefined };
    if (quarantine.hasRetry()) parts.again(5000, 'what held a service back may be mended');
  }

  function outOfSync(): void {
    state = {
      ...state,
      inSync: false,
      outOfSyncSince: state.outOfSyncSince ?? (live === undefined ? 0 : now()),
    };
  }

  function fail(
    change: Change,
    plan: Plan,
    time: Stopwatch,
    error: unknown,
    revision?: PublishedRevision,
  ): void {
    const failure = { stage: time.stage(), message: messageOf(error), at: new Date(now()).toISOString() };
    state = { ...state, failure };
    outOfSync();
    record(change, plan, revision?.number ?? 0, time);
    parts.again(Math.min(15_000, 1000 * 2 ** failures), `${failure.stage} failed`);
    failures += 1;
  }

  function record(change: Change, plan: Plan, revision: number, time: Stopwatch): void {
    const { failure, desiredHash = '' } = state;
    const { cause, receivedAt } = change;
    journal.add({
      ...{ revision, hash: desiredHash, cause, plan },
      at: new Date(now()).toISOString(),
      durations: time.durations,
      eventToAppliedMs: failure !== undefined || receivedAt === undefined ? undefined : now() - receivedAt,
      result: failure === undefined ? { kind: 'applied' } : { kind: 'failed', ...failure },
    });
  }

  return {
    pass,
    state: () => ({
      ...state,
      mirrored,
      failure: state.failure ?? text.failure(),
      runtimeCommands: runtime.commands(),
      socketFault: control.socketFault?.(),
    }),
    close: text.close,
  };
}
