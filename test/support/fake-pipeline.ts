/**
 * The daemon's whole control loop in virtual time: the real model, renderer, decisions and runtime commands, on a fake
 * HAProxy and a fake disk. Nothing waits for the outside, so thousands of histories run in a minute.
 */
import type { Desired } from '../../src/core/desired/desired.ts';
import type { AppId } from '../../src/core/model/ids.ts';
import type { App } from '../../src/core/model/model.ts';
import type { Service, ServiceDefinition } from '../../src/core/model/service.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import { createActor } from '../../src/daemon/pipeline/act.ts';
import { createChanges } from '../../src/daemon/pipeline/take-changes.ts';
import { createCandidates } from '../../src/daemon/pipeline/candidates.ts';
import { createInbox, type Inbox } from '../../src/daemon/pipeline/inbox.ts';
import { createObserver } from '../../src/daemon/pipeline/observe.ts';
import { createSettling } from '../../src/daemon/pipeline/settling.ts';
import { createPipeline, type Pipeline } from '../../src/daemon/pipeline/pipeline.ts';
import { createReporter } from '../../src/daemon/pipeline/report.ts';
import type { MachineFacts } from '../../src/daemon/decide/pipeline-state.ts';
import type { Withheld } from '../../src/daemon/decide/state.ts';
import { createRejections } from '../../src/daemon/rejected/rejections.ts';
import { reloadBudget } from '../../src/daemon/publish/reload-budget.ts';
import { createRuntime } from '../../src/daemon/runtime/runtime.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer, type Renderer } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { changingHead } from './changing-head.ts';
import type { FakeHaproxy } from './fake-haproxy/fake-haproxy.ts';

const settingsWith = (flags: Record<string, unknown>) =>
  resolveSettings({
    flags: {
      ...{ groups: ['external'], stateDir: '/var/lib/pacer', dontBindHttps: true, bindAddress: '127.0.0.1' },
      ...flags,
    },
    environment: {},
    file: undefined,
  }).settings;
const fragments = loadFragments();

export interface FakePipeline {
  readonly pipeline: Pipeline;
  readonly inbox: Inbox;
  /** Asks for a pass. */
  readonly request: () => void;
  /** The mirror says so from now on. `undefined`: Marathon no longer lists the app. */
  readonly mirror: (id: AppId, app: App | undefined) => void;
  /** The changes that were withheld so far. */
  readonly withheld: readonly Withheld[];
  readonly memory: Memory;
  readonly close: () => void;
}

export interface FakePipelineOptions {
  /** The mirror at the start. */
  readonly apps?: ReadonlyMap<AppId, App>;
  readonly mode?: 'supervise' | 'attach';
  /** Clusters that have never answered and of which nothing is stored. */
  readonly unheard?: () => readonly string[];
  readonly flags?: Record<string, unknown>;
  /** What the daemon before this one remembered. */
  readonly memory?: Memory;
}

type Memory = ReturnType<typeof inMemory>;

export function fakePipeline(
  fake: FakeHaproxy,
  { apps = new Map(), mode, unheard = () => [], flags = {}, memory = inMemory() }: FakePipelineOptions = {},
): FakePipeline {
  const { now, later } = fake.clock;
  const settings = settingsWith(flags);
  const control = fake.control(mode === undefined ? {} : { mode });
  const publisher = fake.publisher({ control });
  const render: Renderer = renderer(fragments, fixedHead(settings));
  const { lastGood: known } = memory;
  const rejections = createRejections({ ...memory, sample: render.sample });
  const settling = createSettling({
    afterMs: settings.settleAfter * 1000,
    later,
    demandReload: (cause) => {
      inbox.demandReload(cause);
      request();
    },
  });
  const runtime = createRuntime({
    ...{ control, serverLine: render.serverLine, drainTimeoutMs: 60_000, now },
    onPlacement: settling.note,
  });
  const budget = reloadBudget(3, 2_000);
  const files = { services: () => Promise.resolve(noFiles) };
  const context = { ...modelContext(settings, () => undefined), lastGood: known.of };
  const facts: MachineFacts = {
    head: changingHead({ maxconn: 1_000, maxpipes: 500 }),
    budget: undefined,
    ownListeners: 4,
    ports: { ours: {}, network: { kind: 'unknown', reason: 'a fake' }, ourRights: true },
  };
  const machineFacts = () => Promise.resolve(facts);
  const observer = createObserver({ control, publisher, runtime, rejections, machineFacts, files });
  const candidates = createCandidates({
    rejections,
    render: render.render,
    placing: { ...runtime.spares, place: render.place, isSettling: settling.isDue },
    now,
  });
  const inbox = createInbox();
  const withheld: Withheld[] = [];
  let mirror = new Map(apps);
  let running: Promise<void> | undefined;
  let isWanted = false;
  let isClosed = false;
  const request = () => {
    isWanted = true;
    running ??= (async () => {
      // As the daemon's coalesce.ts, but for its turn of the real event loop, for which virtual time does not wait.
      while (isWanted && !isClosed) {
        await Promise.resolve();
        isWanted = false;
        await pipeline.pass();
      }
      running = undefined;
    })();
  };
  const pipeline = createPipeline({
    ...{ inbox, serving: context },
    changes: createChanges({
      ...{ inbox, request, now, later },
      model: { context, pinned: (desired: Desired) => desired },
      learnHosts: () => Promise.resolve(),
    }),
    actor: createActor({ control, publisher, runtime, rejections, observer, budget, now }),
    ...{ candidates, runtime, publisher, budget },
    limits: { maxShare: 0.5, floor: 2, pauseMs: 30_000, gatherMs: 20, sampleMs: 5_000 },
    confirmedAt: () => (unheard().length > 0 ? undefined : now()),
    unheard,
    socketFault: () => control.socketFault(),
    report: createReporter({
      journal: { add: () => undefined } as never,
      lastGood: known,
      publisher,
      onWithheld: (change) => withheld.push(change),
      onReleased: () => undefined,
      takeRenderMs: candidates.takeRenderMs,
      now,
    }),
    ...{ request, now, later },
  });
  const news = (changed: AppId[], removed: AppId[], cause: string) => {
    inbox.put({ apps: mirror, changed, removed, cause, receivedAt: now() });
    request();
  };
  control.onExit(() => {
    inbox.note('HAProxy has ended');
    request();
  });
  const first = () => news([...mirror.keys()], [], 'snapshot');
  // As the daemon does before its first pass; one that is not there is started by the loop.
  if (fake.haproxy.current === undefined) first();
  else void control.start(fake.disk.configFile, fake.disk.current?.hash ?? '').then(first, first);
  return {
    ...{ pipeline, inbox, request, withheld, memory },
    mirror: (id, app) => {
      mirror = new Map(mirror);
      if (app === undefined) mirror.delete(id);
      else mirror.set(id, app);
      news(app === undefined ? [] : [id], app === undefined ? [id] : [], `event of ${id}`);
    },
    close: () => {
      isClosed = true;
      settling.close();
      control.detach();
      // It waits for a step under way, and virtual time no longer passes.
      void pipeline.close();
    },
  };
}

const noFiles = {
  missing: new Map(),
  kept: [],
  certificateDigests: new Map<string, string>(),
  fileDigests: new Map<string, string>(),
};

/** What the real daemon keeps in files. */
const inMemory = () => ({ lastGood: lastGoodInMemory(), verdicts: verdictsInMemory() });

function lastGoodInMemory() {
  const known = new Map<string, ServiceDefinition>();
  const keyOf = (appId: AppId, portIndex: number) => `${appId} ${portIndex}`;
  const servesAlso = (services: Iterable<Service>) => {
    for (const { definition, servers } of services)
      if (servers.length > 0) known.set(keyOf(definition.appId, definition.portIndex), definition);
  };
  return {
    of: (appId: AppId, portIndex: number) => known.get(keyOf(appId, portIndex)),
    serves: ({ services, apps }: Desired) => {
      for (const [key, { appId }] of known) if (!apps.has(appId)) known.delete(key);
      servesAlso(services.values());
    },
    servesAlso,
    close: () => Promise.resolve(),
  };
}

function verdictsInMemory() {
  const known = new Map<string, { reason: string; files: Record<string, string>; isCertain: boolean }>();
  return {
    on: (text: string) => known.get(text),
    add: (text: string, reason: string, isCertain: boolean) => {
      known.set(text, { reason, files: {}, isCertain });
      return Promise.resolve();
    },
    look: () => Promise.resolve(),
    isEmpty: () => known.size === 0,
    close: () => Promise.resolve(),
  };
}
