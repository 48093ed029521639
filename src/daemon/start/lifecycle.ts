/** The life of the daemon: what is started in which order, what requests a pass, and how it stops. */
import { messageOf } from '../../errors.ts';
import { pageRoutes } from '../../http/page.ts';
import { startStatusServer, type StatusServer } from '../../http/server.ts';
import { createMetrics } from '../../observe/metrics.ts';
import { followSignals, type OperatorSignals } from './operator-signals.ts';
import { approveRoute } from '../status/approve-route.ts';
import { diagnosticLog, logEntry } from '../status/change-log.ts';
import { followClusters } from '../clusters/clusters.ts';
import type { ClusterStatus } from '../clusters/clusters-status.ts';
import { explainRoute } from '../status/explain-route.ts';
import { storedHosts } from '../hosts/store.ts';
import { hostTable } from '../hosts/table.ts';
import { unresolvedMessage } from '../hosts/unresolved.ts';
import { createInbox } from '../pipeline/inbox.ts';
import { probeUrl, startProbe } from '../health/probe.ts';
import { journal as createJournal } from '../storage/journal.ts';
import { metricSources } from '../status/metric-sources.ts';
import { openRemembered } from '../rejected/remembered.ts';
import { explainContext, modelContext } from './model-context.ts';
import { followPolicy } from '../rejected/policy-file.ts';
import { openPinning } from '../storage/pin.ts';
import { rollbackRoutes } from '../status/rollback-routes.ts';
import { aliveOnly, configuration, statusRoutes, verdict, type StatusParts } from '../status/status.ts';
import { startPipeline } from './start-pipeline.ts';
import { startServing, type Serving, type ServingOptions } from './start-serving.ts';
import { stickyCookies } from './sticky-cookies.ts';
import { leaveNode } from './stopping.ts';
import { readMachineFacts } from '../publish/machine-facts.ts';
import { teardown, type Teardown } from './teardown.ts';

/** What `runDaemon` needs. */
export interface DaemonOptions extends ServingOptions {
  /** Stops the daemon in an orderly way. */
  readonly signal: AbortSignal;
  readonly asks: OperatorSignals;
}

/** The first pass waits at most this many milliseconds for the agents' names; later passes do not wait. */
const nameWaitMs = 2000;

/** Runs until the signal. @throws PacerError for anything that prevents the start */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { log, signal } = options;
  const undo = teardown((error) => log.error({ error: messageOf(error) }, 'while stopping'));
  // A daemon that cannot start must not stop a HAProxy that served before.
  const end = { orderly: false };
  try {
    // The status server answers even while Pacer waits for HAProxy.
    const serving = await startServing(options, undo, end, () => openStatusServer(options, undo));
    await startFollowing(options, serving, undo);
    await aborted(signal);
    await leaveNode(options.settings, serving.control, log);
    end.orderly = true;
    log.info('stopping');
  } finally {
    const clean = await undo.run();
    if (clean) log.info('stopped');
    else log.error('Pacer ends, but could not stop everything');
  }
}

async function openStatusServer(
  { settings: { statusServer }, log }: DaemonOptions,
  undo: Teardown,
): Promise<StatusServer> {
  const warn = (message: string) => log.warn(message);
  const server = await startStatusServer({ ...statusServer, warn, routes: aliveOnly('Pacer is starting') });
  undo.add(server.close);
  return server;
}

/** Starts the pipeline, what requests its passes, and what the status server answers. */
async function startFollowing(
  { version, log, asks }: DaemonOptions,
  serving: Serving,
  undo: Teardown,
): Promise<void> {
  const { settings, server, control, publisher, files, render, templates, haproxyVersion, runAs, serve } =
    serving;
  const inbox = createInbox();
  const hosts = hostTable({
    ...(await storedHosts(settings.stateDir, log)),
    onChange: (host, apps) => {
      inbox.touch(apps, `the address of ${host} changed`);
      pipeline.request();
    },
    onUnresolved: (host) => log.warn(unresolvedMessage(host)),
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
  const policy = await followPolicy({
    inputs: serving.inputs,
    ...{ settings, log, now: Date.now },
    onChange: () => {
      inbox.touchAll('the policy has changed');
      pass('the policy has changed');
    },
  });
  undo.add(policy.close);
  const warn = (message: string) => log.warn(message);
  const { addServerCookie } = control.capabilities();
  const cookies = await stickyCookies({
    ...{ stateDir: settings.stateDir, haproxyVersion, addServerCookie, warn },
  });
  const memory = await openRemembered(
    settings.stateDir,
    modelContext(
      ...([settings, hosts.resolve, templates] as const),
      { addServerCookie: cookies === 'by-name' },
      policy.current,
    ),
    haproxyVersion,
    warn,
  );
  undo.add(memory.close);
  const { context } = memory;
  const pinning = await openPinning({
    ...{ stateDir: settings.stateDir, version, context, now: Date.now },
    changed: (cause) => pass(cause),
    warn: (message) => log.warn(message),
  });
  const logDiagnostics = diagnosticLog(log);
  const pipeline = startPipeline({
    ...{ settings, log, inbox, control, publisher, files, memory, journal },
    renderer: render,
    model: { context, pinned: pinning.pinned },
    learnHosts: async ({ delta }) => {
      hosts.track(delta);
      if (pipeline.state().desired === undefined) await hosts.settled(nameWaitMs);
    },
    confirmedAt: () => confirmedAt(clusters.each()),
    unheard: () => clusters.incomplete(),
    resync: (reason) => clusters.resync(reason),
    onPass: ({ state }) => logDiagnostics(state().diagnostics),
  });
  const pass = (cause: string) => {
    inbox.note(cause);
    pipeline.request();
  };
  undo.add(pipeline.close);
  // Before waiting for the pass under way, which may be retrying a command.
  undo.add(() => control.detach());

  // Created before the clusters are followed: it reads them only when somebody asks.
  const metrics = createMetrics(
    metricSources(
      () => clusters.each(),
      pipeline.state,
      hosts,
      () => verdict(statusParts).state,
      Date.now,
    ),
    (ms) => log.warn(`Pacer handled no event for ${Math.round(ms)} ms`),
  );
  undo.add(metrics.close);
  const clusters = await followClusters({
    ...{ settings, context, log },
    onNews: (news) => {
      inbox.put(news);
      pipeline.request();
    },
    onEventLag: (seconds) => metrics.eventLag(seconds),
  });
  undo.add(clusters.close);
  const probe = startProbe({ url: probeUrl(settings), now: Date.now });
  undo.add(probe.close);
  const { stateDir, haproxyMode, maxConfirmationAge: maxConfirmationAgeSeconds } = settings;
  const { loopback } = settings.statusServer;
  const statusParts: StatusParts = {
    ...{ version, haproxyMode, stateDir, loopback, maxConfirmationAgeSeconds, journal },
    startedAt: Date.now(),
    marathon: clusters.status,
    clusters: clusters.each,
    pipeline: pipeline.state,
    probe: probe.state,
    lastKnownGood: clusters.stored,
    withheldRemoval: clusters.withheld,
    pinned: pinning.state,
    policy: policy.state,
    files: () => [...files.notices(), ...serving.templateNotices],
    ...{ kept: files.kept, unresolved: hosts.unresolved, incomplete: clusters.incomplete },
    metrics: metrics.text,
    now: Date.now,
  };
  server.serve([
    ...pageRoutes(),
    ...statusRoutes(statusParts),
    approveRoute(clusters, pipeline),
    ...rollbackRoutes({
      ...{ pinning, pipeline: pipeline.state, render: render.render },
      head: async () => (await readMachineFacts(settings, control, files)).head,
    }),
    explainRoute({
      pipeline: pipeline.state,
      context: () => explainContext(settings, clusters.status().diagnostics),
      configuration: () => configuration(stateDir),
    }),
  ]);
  undo.add(() => server.serve(aliveOnly('Pacer is stopping')));
  const answering = await followSignals({
    ...{ settings, asks, control, log, runAs },
    pipeline: pipeline.state,
    refetch: (cause) => {
      policy.look();
      clusters.resync(cause);
      pass(cause);
    },
    reload: (cause) => {
      inbox.demandReload(cause);
      pipeline.request();
    },
  });
  undo.add(answering.close);
  log.info({ status: `${server.address}/status` }, 'following Marathon');

  control.onExit((exit) => {
    const what = control.mode === 'supervise' ? 'Pacer starts it again' : 'Pacer waits for it';
    log.error({ exit }, `HAProxy has ended; ${what}`);
    // Before the first snapshot there is nothing to apply, but the previous configuration is served again.
    if (inbox.ready()) pass('HAProxy has ended');
    else serve().catch((error: unknown) => log.error({ error: messageOf(error) }, 'HAProxy does not start'));
  });
}

/** When Marathon last confirmed the state of every cluster; undefined if a cluster never answered. */
function confirmedAt(clusters: readonly ClusterStatus[]): number | undefined {
  const times = clusters.map(({ marathon }) => marathon.confirmedAt);
  return times.includes(undefined) ? undefined : Math.min(...times.map((time) => time ?? 0));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
