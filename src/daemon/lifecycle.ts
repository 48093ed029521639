/** The life of the daemon: what is started in which order, what sets off a pass, and the way down. */
import { describeDiagnostic, type Diagnostic } from '../core/diagnostic.ts';
import { describeReason } from '../core/plan.ts';
import { messageOf } from '../errors.ts';
import { findHaproxy, haproxyVersion } from '../haproxy/version.ts';
import { openStateDir } from '../haproxy/state-dir.ts';
import { startStatusServer } from '../http/server.ts';
import { followMarathon, type MirrorChange } from '../marathon/source.ts';
import { createMetrics } from '../observe/metrics.ts';
import type { Logger } from '../observe/log.ts';
import { loadFragments } from '../render/fragments.ts';
import { renderer } from '../render/render.ts';
import type { Settings } from '../settings/settings.ts';
import { isSelfSigned } from './certificates.ts';
import { coalesce } from './coalesce.ts';
import { openControl, serveSomething } from './haproxy.ts';
import { hostTable } from './hosts.ts';
import { createInbox, type Change } from './inbox.ts';
import { journal as createJournal, type JournalEntry } from './journal.ts';
import { metricSources } from './metric-sources.ts';
import { modelContext } from './model-context.ts';
import { createPipeline } from './pipeline.ts';
import { createPublisher } from './publisher.ts';
import { reloadBudget } from './reload-budget.ts';
import { statusRoutes } from './status.ts';
import { readSurroundings, steadyFrame } from './surroundings.ts';

export interface DaemonOptions {
  readonly settings: Settings;
  readonly notices: readonly string[];
  readonly version: string;
  readonly searchPath: string;
  readonly log: Logger;
  /** Ends the daemon in an orderly way. */
  readonly signal: AbortSignal;
}

/** Milliseconds a pass waits for more of what comes together. */
const quietMs = 20;
/** Milliseconds between looks at whether HAProxy still runs what it should, and whether files changed. */
const lookMs = 5000;
/** Milliseconds a pass waits at most for names never looked up before. */
const nameWaitMs = 2000;

/** Runs until the signal. @throws PacerError for whatever keeps it from starting */
export async function runDaemon({ settings, notices, version, searchPath, log, signal }: DaemonOptions): Promise<void> {
  const startedAt = Date.now();
  const way: (() => unknown)[] = [];
  const down = async () => {
    for (const step of way.reverse()) await step();
  };
  try {
    for (const notice of notices) log.warn(notice);
    if (settings.marathonInsecure) log.warn("--marathon-insecure: Marathon's certificate is not verified, so anyone between may pose as Marathon");
    const program = await findHaproxy(settings.haproxyBin, searchPath);
    const haproxy = await haproxyVersion(program);
    const stateDir = await openStateDir(settings.stateDir);
    way.push(() => stateDir.release());
    log.info({ pacer: version, haproxy: haproxy.version, program, mode: settings.haproxyMode, stateDir: settings.stateDir, groups: settings.groups }, 'starting');

    const control = await openControl(settings, { path: program, version: haproxy }, (event) => log.debug({ event }, `HAProxy: ${event.kind}`));
    const render = renderer(loadFragments(), steadyFrame(settings));
    const publisher = await createPublisher({ stateDir: settings.stateDir, program, control, keep: settings.archiveVersions, now: Date.now });
    const surroundings = await readSurroundings(settings, control);
    const selfMade = surroundings.frame.certificates.find((path) => isSelfSigned({ path, digest: '' }));
    if (selfMade !== undefined) log.warn({ path: selfMade }, 'no certificate was given or found: HTTPS uses a self-signed one');
    way.push(() => (settings.onExit === 'keep' ? control.detach() : control.stop()));
    const serve = () => serveSomething({ settings, control, publisher, render, frame: surroundings.frame, log });
    await serve();
    const running = await control.running();
    if (running !== undefined) log.info({ workerPid: running.workerPid, hash: running.hash }, 'HAProxy serves');

    const inbox = createInbox();
    const hosts = hostTable({
      onChange: (host) => {
        inbox.touchAll(`the address of ${host} changed`);
        passes.request();
      },
    });
    way.push(() => hosts.close());
    const context = modelContext(settings, hosts.resolve);
    const journal = createJournal((entry) => {
      logEntry(log, entry);
      if (entry.result.kind === 'failed') metrics.failed(entry.result.stage);
      else metrics.applied(entry.plan, entry.eventToAppliedMs, entry.durations as unknown as Record<string, number>);
    });
    const pipeline = createPipeline({
      inbox,
      context,
      control,
      publisher,
      render,
      journal,
      learnHosts: ({ delta }: Change) => hosts.learn(delta.changed.flatMap(({ tasks }) => tasks.map(({ host }) => host)), nameWaitMs),
      surroundings: () => readSurroundings(settings, control),
      budget: reloadBudget(settings.reloadBurst, settings.reloadSpacing * 1000),
      again: (afterMs, why) => later(afterMs, why),
      now: Date.now,
    });
    const logDiagnostics = diagnosticLog(log);
    const passes = coalesce(async () => {
      await pipeline.pass();
      logDiagnostics(pipeline.state().diagnostics);
    }, quietMs);
    const later = (afterMs: number, why: string) => {
      setTimeout(() => {
        inbox.note(why);
        passes.request();
      }, afterMs).unref();
    };

    const marathon = followMarathon({
      endpoints: settings.marathon,
      ...(settings.marathonUser === undefined ? {} : { auth: settings.marathonUser }),
      ...(settings.marathonCaText === undefined ? {} : { ca: settings.marathonCaText }),
      insecure: settings.marathonInsecure,
      watchdogMs: settings.watchdogSeconds * 1000,
      resyncMs: settings.resyncSeconds * 1000,
      onChange: (change: MirrorChange) => {
        if (change.eventTime !== undefined) metrics.eventLag((change.receivedAt - change.eventTime) / 1000);
        inbox.put(change);
        passes.request();
      },
      log: ({ level, message, detail }) => log[level](detail ?? {}, message),
    });
    // Marathon goes quiet before the last pass ends, and that before HAProxy goes.
    way.push(() => passes.close());
    way.push(() => marathon.close());

    const metrics = createMetrics(metricSources(marathon.status, pipeline.state, Date.now));
    const server = await startStatusServer(
      settings.statusListen,
      statusRoutes({
        version,
        startedAt,
        haproxyMode: settings.haproxyMode,
        stateDir: settings.stateDir,
        maxConfirmationAgeSeconds: settings.maxConfirmationAge,
        marathon: marathon.status,
        pipeline: pipeline.state,
        journal,
        metrics: metrics.text,
        now: Date.now,
      }),
    );
    way.push(() => server.close());
    log.info({ status: `${server.address}/status` }, 'following Marathon');

    control.onExit((exit) => {
      log.error({ exit }, 'HAProxy ended; it is started again');
      inbox.note('HAProxy ended');
      if (inbox.ready()) passes.request();
      else serve().catch((error: unknown) => log.error({ error: messageOf(error) }, 'HAProxy does not start'));
    });
    const look = setInterval(() => {
      inbox.note('a look at HAProxy');
      passes.request();
    }, lookMs);
    way.push(() => clearInterval(look));

    await aborted(signal);
    log.info('stopping');
  } finally {
    await down();
  }
  log.info('stopped');
}

/** One line for each change. */
function logEntry(log: Logger, { revision, hash, cause, plan, durations, eventToAppliedMs, result }: JournalEntry): void {
  const reasons = plan.kind === 'reload' ? plan.reasons.map(describeReason) : [];
  const fields = { revision, hash: hash.slice(0, 8), cause, action: plan.kind, reasons, durations };
  if (result.kind === 'applied') log.info({ ...fields, eventToAppliedMs }, 'HAProxy follows');
  else log.error({ ...fields, stage: result.stage, error: result.message }, 'HAProxy stays as it is');
}

/** Says each diagnostic once, and that it is gone once it is. */
function diagnosticLog(log: Logger): (diagnostics: readonly Diagnostic[]) => void {
  let said = new Set<string>();
  return (diagnostics) => {
    const now = new Map(diagnostics.map((it) => [describeDiagnostic(it), it]));
    for (const [text, { severity }] of now) {
      if (!said.has(text)) log[severity === 'error' ? 'error' : severity === 'warning' ? 'warn' : 'info'](text);
    }
    for (const text of said) if (!now.has(text)) log.info(`mended: ${text}`);
    said = new Set(now.keys());
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

