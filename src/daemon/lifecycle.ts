/** The life of the daemon: what is started in which order, what sets off a pass, and the way down. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { HaproxyControl } from '../haproxy/control.ts';
import type { RunAs } from '../haproxy/run-as.ts';
import { openStateDir } from '../haproxy/state-dir.ts';
import { findHaproxy, haproxyVersion } from '../haproxy/version.ts';
import { pageRoutes } from '../http/page.ts';
import { startStatusServer } from '../http/server.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { loadFragments } from '../render/fragments.ts';
import {
  idleTemplates,
  loadOperatorTemplates,
  type OperatorTemplates,
} from '../render/operator-templates.ts';
import { renderer } from '../render/render.ts';
import type { Settings } from '../settings/settings.ts';
import { answerAsks, type Asks } from './asks.ts';
import { isSelfSigned } from './certificates.ts';
import { approveRoute } from './approve-route.ts';
import { diagnosticLog, logEntry } from './change-log.ts';
import { followClusters } from './clusters.ts';
import { coalesce } from './coalesce.ts';
import { explainRoute } from './explain-route.ts';
import { openControl, serveSomething } from './haproxy.ts';
import { storedHosts } from './host-store.ts';
import { hostTable } from './hosts.ts';
import { createInbox } from './inbox.ts';
import { journal as createJournal } from './journal.ts';
import { metricSources } from './metric-sources.ts';
import { openMemory } from './memory.ts';
import { explainContext, modelContext } from './model-context.ts';
import { followPolicy } from './policy-file.ts';
import { createPinning } from './pin.ts';
import { createPipeline } from './pipeline.ts';
import { prepareMachine } from './prepare.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { reloadBudget } from './reload-budget.ts';
import { rollbackRoutes } from './rollback-routes.ts';
import { configuration, statusRoutes } from './status.ts';
import { leaveNode, takeBackStop } from './stopping.ts';
import { arrangePrivileges } from './privileges.ts';
import { readSurroundings, steadyFrame } from './surroundings.ts';
import { teardown, type Teardown } from './teardown.ts';
import { tryTemplates } from './try-templates.ts';

export interface DaemonOptions {
  readonly settings: Settings;
  readonly notices: readonly string[];
  /** Pacer's. */
  readonly version: string;
  /** PATH, to find HAProxy. */
  readonly searchPath: string;
  readonly log: Logger;
  /** Ends the daemon in an orderly way. */
  readonly signal: AbortSignal;
  readonly asks: Asks;
}

/** Events that arrive together are one change; none waits for more. */
const quietMs = 0;
/** The same for changes that take a reload. */
const gatherMs = 20;
/** Milliseconds between looks at whether HAProxy runs what it should, and whether files changed. */
const lookMs = 5000;
/** Milliseconds a pass waits at most for names never looked up before. */
const nameWaitMs = 2000;

/** Runs until the signal. @throws PacerError for whatever keeps it from starting */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { log, signal } = options;
  const undo = teardown((error) => log.error({ error: messageOf(error) }, 'while stopping'));
  // A HAProxy that served before is not taken down by a daemon that cannot start.
  const end = { orderly: false };
  try {
    const serving = await startServing(options, undo, end);
    await startFollowing(options, serving, undo);
    await aborted(signal);
    await leaveNode(options.settings, serving.control, log);
    end.orderly = true;
    log.info('stopping');
  } finally {
    await undo.run();
  }
  log.info('stopped');
}

/** What serves before, and without, Marathon. */
interface Serving {
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly render: ReturnType<typeof renderer>;
  readonly templates: OperatorTemplates;
  /** Of HAProxy. */
  readonly haproxyVersion: string;
  readonly runAs: RunAs | undefined;
  /** Brings a HAProxy up again that has ended. */
  readonly serve: () => Promise<void>;
}

/** The state directory, and a HAProxy that serves the last good configuration or the bootstrap one. */
async function startServing(
  options: DaemonOptions,
  undo: Teardown,
  end: { orderly: boolean },
): Promise<Serving> {
  const { settings, notices, version, searchPath, log } = options;
  const templates = loadOperatorTemplates(settings.templateSources);
  const idle = idleTemplates(templates, settings.groupHttpsByVhost);
  for (const notice of [...notices, ...templates.notices, ...idle]) log.warn(notice);
  if (settings.clusters.some(({ access }) => access.insecure)) {
    log.warn(
      "--marathon-insecure: Marathon's certificate is not verified; anyone in between may pose as Marathon",
    );
  }
  const path = await findHaproxy(settings.haproxyBin, searchPath);
  const program = { path, version: await haproxyVersion(path) };
  const { stateDir, haproxyMode: mode, groups } = settings;
  const held = await openStateDir(stateDir);
  undo.add(() => held.release());
  const runAs = await arrangePrivileges(settings, log);
  log.info(
    { pacer: version, haproxy: program.version.version, program: path, mode, stateDir, groups },
    'starting',
  );

  const control = await openControl(settings, program, (event) =>
    log[event.kind === 'command-failed' ? 'warn' : 'debug']({ event }, `HAProxy: ${event.kind}`),
  );
  const render = renderer(loadFragments(templates.fragments), steadyFrame(settings, templates, runAs));
  const publisher = await createPublisher({
    stateDir,
    copyTo: settings.haproxyConfig,
    program: path,
    control,
    keep: settings.archiveVersions,
    now: Date.now,
  });
  await prepareMachine(settings, log);
  const { frame } = await readSurroundings(settings, control);
  const selfMade = frame.certificates.find(isSelfSigned);
  if (selfMade !== undefined)
    log.warn({ path: selfMade }, 'no certificate was given or found: HTTPS uses a self-signed one');

  await tryTemplates({ settings, templates, render: render.render, frame, program: path });
  const servedBefore = (await control.running()) !== undefined;
  const leaveRunning = () => settings.onExit === 'keep' || (servedBefore && !end.orderly);
  undo.add(() => (leaveRunning() ? control.detach() : control.stop()));
  const serve = () => serveSomething({ settings, control, publisher, render: render.render, frame, log });
  await serve();
  if (control.mode === 'supervise') await takeBackStop(control).catch(() => undefined);
  const running = await control.running();
  if (running !== undefined) log.info({ workerPid: running.workerPid, hash: running.hash }, 'HAProxy serves');
  return { control, publisher, render, templates, haproxyVersion: program.version.version, runAs, serve };
}

/** The pipeline, what sets it off, and the status server. */
async function startFollowing(
  { settings, version, log, asks }: DaemonOptions,
  serving: Serving,
  undo: Teardown,
): Promise<void> {
  const { control, publisher, render, templates, haproxyVersion, runAs, serve } = serving;
  const inbox = createInbox();
  const hosts = hostTable({
    ...(await storedHosts(settings.stateDir, log)),
    onChange: (host) => {
      inbox.touchAll(`the address of ${host} changed`);
      passes.request();
    },
  });
  undo.add(hosts.close);
  const journal = createJournal((entry) => {
    logEntry(log, entry);
    if (entry.result.kind === 'failed') metrics.failed(entry.result.stage);
    else {
      metrics.applied(entry.plan, entry.eventToAppliedMs, { ...entry.durations });
      pinning.applied(entry.revision, pipeline.state().desired);
    }
  });
  const policy = followPolicy({
    ...{ settings, log, now: Date.now },
    onChange: () => {
      inbox.touchAll('the policy has changed');
      pass('the policy has changed');
    },
  });
  undo.add(policy.close);
  const memory = await openMemory(
    settings.stateDir,
    modelContext(settings, hosts.resolve, templates, control.capabilities(), policy.current),
    haproxyVersion,
    (message) => log.warn(message),
  );
  undo.add(memory.close);
  const { context } = memory;
  const pinning = createPinning({
    ...{ stateDir: settings.stateDir, version, context, now: Date.now },
    changed: (cause) => pass(cause),
    warn: (message) => log.warn(message),
  });
  const pipeline = createPipeline({
    ...{ inbox, control, publisher, render, journal, ...memory },
    pinned: pinning.pinned,
    gather: () => sleep(gatherMs),
    learnHosts: ({ delta }) =>
      hosts.learn(
        delta.changed.flatMap(({ tasks }) => tasks.map(({ host }) => host)),
        nameWaitMs,
      ),
    surroundings: () => readSurroundings(settings, control),
    budget: reloadBudget(settings.reloadBurst, settings.reloadSpacing * 1000),
    drainTimeoutMs: settings.drainTimeout * 1000,
    soon: (afterMs) => {
      setTimeout(() => passes.request(), afterMs).unref();
    },
    again: (afterMs, why) => {
      setTimeout(() => pass(why), afterMs).unref();
    },
    now: Date.now,
  });
  const logDiagnostics = diagnosticLog(log);
  const passes = coalesce(async () => {
    await pipeline.pass();
    logDiagnostics(pipeline.state().diagnostics);
  }, quietMs);
  const pass = (cause: string) => {
    inbox.note(cause);
    passes.request();
  };
  undo.add(pipeline.close);
  undo.add(passes.close);
  // Before the pass under way is waited for, which may be trying a command again and again.
  undo.add(() => control.detach());

  // Before anything is followed: it is read only when somebody asks.
  const metrics = createMetrics(metricSources(() => clusters.each(), pipeline.state, Date.now));
  const clusters = await followClusters({
    ...{ settings, context, log },
    onNews: (news) => {
      inbox.put(news);
      passes.request();
    },
    onEventLag: (seconds) => metrics.eventLag(seconds),
  });
  undo.add(clusters.close);
  const { stateDir, haproxyMode, maxConfirmationAge: maxConfirmationAgeSeconds } = settings;
  const { listen, loopback, ...access } = settings.statusServer;
  const server = await startStatusServer({
    ...{ listen, loopback, ...access },
    warn: (message) => log.warn(message),
    routes: [
      ...pageRoutes(),
      ...statusRoutes({
        ...{ version, haproxyMode, stateDir, loopback, maxConfirmationAgeSeconds, journal },
        startedAt: Date.now(),
        marathon: clusters.status,
        clusters: clusters.each,
        pipeline: pipeline.state,
        lastKnownGood: clusters.stored,
        held: clusters.held,
        pinned: pinning.state,
        policy: policy.state,
        metrics: metrics.text,
        now: Date.now,
      }),
      approveRoute(clusters),
      ...rollbackRoutes({
        ...{ pinning, pipeline: pipeline.state, render: render.render },
        frame: async () => (await readSurroundings(settings, control)).frame,
      }),
      explainRoute({
        pipeline: pipeline.state,
        context: () => explainContext(settings, clusters.status().diagnostics),
        configuration: () => configuration(stateDir),
      }),
    ],
  });
  undo.add(server.close);
  const answering = await answerAsks({
    ...{ settings, asks, control, log, runAs },
    pipeline: pipeline.state,
    refetch: (cause) => {
      policy.look();
      clusters.resync(cause);
      pass(cause);
    },
    reload: (cause) => {
      inbox.demandReload(cause);
      passes.request();
    },
  });
  undo.add(answering.close);
  log.info({ status: `${server.address}/status` }, 'following Marathon');

  control.onExit((exit) => {
    const what = control.mode === 'supervise' ? 'it is started again' : 'Pacer waits for it';
    log.error({ exit }, `HAProxy has ended; ${what}`);
    // Before anything is known there is nothing to apply, but what served before serves again.
    if (inbox.ready()) pass('HAProxy has ended');
    else serve().catch((error: unknown) => log.error({ error: messageOf(error) }, 'HAProxy does not start'));
  });
  const look = setInterval(() => {
    inbox.look('a look at HAProxy');
    passes.request();
  }, lookMs);
  undo.add(() => clearInterval(look));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
