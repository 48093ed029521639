/** What the status server answers, from what the daemon knows. */
import { readFile } from 'node:fs/promises';
import { serverCount } from '../../core/desired/desired.ts';
import { describeDiagnostic } from '../../core/model/diagnostic.ts';
import { maskConfiguration } from '../../http/mask.ts';
import { get, json, text, type Answer, type Route } from '../../http/route.ts';
import { activeConfigFile } from '../../haproxy/files/publish.ts';
import type { MarathonStatus } from '../../marathon/sync/source.ts';
import type { Journal } from '../storage/journal.ts';
import type { LastKnownGood } from '../storage/last-known-good.ts';
import type { Pinning } from '../storage/pin.ts';
import type { PolicyFile } from '../rejected/policy-file.ts';
import type { RemovalGuard } from '../clusters/removal-guard.ts';
import { appSummaries, appView, told } from './app-views.ts';
import type { FileObserver } from '../files/observer.ts';
import { unresolvedMessage, type UnresolvedHost } from '../hosts/unresolved.ts';
import { describeRemoval } from '../clusters/describe-removal.ts';
import type { ClusterStatus } from '../clusters/clusters-status.ts';
import type { ProbeState } from '../health/probe.ts';
import { verdictOf, type Verdict } from '../health/verdict.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import type { AppSummary, Change, Status } from './answers.ts';

/** What the answers are made from. */
export interface StatusParts {
  readonly version: string;
  readonly startedAt: number;
  readonly haproxyMode: string;
  readonly stateDir: string;
  /** True if only this machine can ask. */
  readonly loopback: boolean;
  readonly maxConfirmationAgeSeconds: number;
  /** All clusters together. */
  readonly marathon: () => MarathonStatus;
  readonly clusters: () => readonly ClusterStatus[];
  readonly pipeline: () => PipelineState;
  /** The result of our own requests through HAProxy. */
  readonly probe: () => ProbeState;
  readonly lastKnownGood: LastKnownGood['state'];
  readonly withheldRemoval: RemovalGuard['withheld'];
  readonly pinned: Pinning['state'];
  readonly policy: PolicyFile['state'];
  readonly files: FileObserver['notices'];
  readonly kept: FileObserver['kept'];
  /** Agents whose names have no address. */
  readonly unresolved: () => readonly UnresolvedHost[];
  /** Clusters about which nothing is known. */
  readonly incomplete: () => readonly string[];
  readonly journal: Journal;
  readonly metrics: () => Promise<string>;
  readonly now: () => number;
}

/** What can be asked while Pacer starts or stops: it is alive, and not ready. */
export const aliveOnly = (why: string): readonly Route[] => [
  get('/healthz', () => text('alive\n'), { access: 'open' }),
  get('/readyz', () => json({ ready: false, state: 'not ready', why: [why] }, 503), { access: 'open' }),
];

/** The routes that change nothing. */
export function statusRoutes(parts: StatusParts): readonly Route[] {
  return [
    get('/healthz', () => text('alive\n'), { access: 'open' }),
    get('/readyz', ({ trusted }) => readiness(parts, trusted || parts.loopback), { access: 'open' }),
    get('/status', () => json(status(parts) satisfies Status)),
    get('/apps', () => json(appSummaries(parts.pipeline()) satisfies readonly AppSummary[])),
    get('/apps/*', ({ rest }) => appView(parts.pipeline(), rest)),
    get('/revisions', () => json(parts.journal.entries() satisfies readonly Change[])),
    get('/config', async () => text(maskConfiguration(await configuration(parts.stateDir)))),
    get('/metrics', async () => ({ status: 200, type: 'metrics', body: await parts.metrics() })),
  ];
}

/** The verdict on this node's health. */
export function verdict(parts: StatusParts): Verdict {
  const { marathon, pipeline, probe, maxConfirmationAgeSeconds, now } = parts;
  return verdictOf({
    ...{ marathon: marathon(), pipeline: pipeline(), probe: probe() },
    ...{ maxConfirmationAgeSeconds, reported: reported(parts), now: now() },
  });
}

/** What somebody should fix, from all parts of the daemon. */
function reported(parts: StatusParts): string[] {
  const { marathon, incomplete, unresolved, lastKnownGood, withheldRemoval, policy, files, kept } = parts;
  const said = [...files(), ...kept().map(describeDiagnostic), ...unresolved().map(unresolvedMessage)];
  const { secretsProblem } = marathon();
  if (secretsProblem !== undefined) said.push(secretsProblem);
  const silent = incomplete();
  if (silent.length > 0)
    said.push(
      `nothing is known about cluster ${silent.join(', ')}, so nothing that HAProxy serves is removed; bring it back, or run \`pacer approve\` if it is gone for good`,
    );
  const removal = withheldRemoval();
  if (removal !== undefined) said.push(describeRemoval(removal));
  const problem = policy()?.problem;
  if (problem !== undefined) said.push(`the previous policy is in force: ${problem}`);
  const { failure: notStored } = lastKnownGood();
  if (notStored !== undefined) said.push(`the mirror cannot be stored: ${notStored}`);
  return said;
}

/** Anyone may learn whether the node is ready; only those who may read the status learn why not. */
function readiness(parts: StatusParts, withReasons: boolean): Answer {
  const { state, why, concerns } = verdict(parts);
  const ready = state !== 'not ready';
  const details = () => ({ why, concerns, notes: notes(parts), freshness: freshness(parts) });
  return json({ ready, state, ...(withReasons ? details() : {}) }, ready ? 200 : 503);
}

/** How new the state is that HAProxy runs. */
function freshness({ marathon, pipeline, now }: StatusParts) {
  const { confirmedAt, lastEventLagMs } = marathon();
  const { desiredHash, running, inSync } = pipeline();
  return {
    confirmationAgeSeconds: confirmedAt === undefined ? null : (now() - confirmedAt) / 1000,
    lastEventLagSeconds: lastEventLagMs === undefined ? null : lastEventLagMs / 1000,
    desiredHash: desiredHash ?? null,
    runningHash: running?.hash ?? null,
    inSync,
  };
}

/** What a reader should know although the node is ready. */
function notes(parts: StatusParts): string[] {
  const { marathon, lastKnownGood, pinned } = parts;
  const { savedAt } = lastKnownGood();
  const said: string[] = [];
  if (marathon().basis === 'stored')
    said.push(
      `Marathon has not answered since the start; Pacer serves the mirror stored at ${time(savedAt) ?? 'an earlier time'}`,
    );
  said.push(...clusterNotes(parts));
  const pin = pinned();
  if (pin !== undefined)
    said.push(
      `revision ${pin.revision} is pinned since ${pin.at}: services stay as they were then, only their servers follow Marathon, until \`pacer rollback --release\``,
    );
  said.push(...reported(parts));
  return said;
}

/** A cluster that cannot be reached is no reason to stop serving the others. */
function clusterNotes({ clusters, maxConfirmationAgeSeconds, now }: StatusParts): string[] {
  return clusters().flatMap(({ name, marathon: { confirmedAt, lastError } }) => {
    if (name === undefined) return [];
    const why = lastError === undefined ? '' : ` (${lastError.message})`;
    if (confirmedAt === undefined) return [`cluster ${name} has not given a complete snapshot yet${why}`];
    const age = Math.round((now() - confirmedAt) / 1000);
    if (age <= maxConfirmationAgeSeconds) return [];
    return [`cluster ${name} has confirmed nothing for ${age} seconds; its last known state is served${why}`];
  });
}

/** By name; undefined if there is only one cluster. */
function clusterViews({ clusters, now }: StatusParts) {
  const all = clusters();
  if (all.length < 2) return undefined;
  return Object.fromEntries(
    all.map(({ name = '', marathon: { diagnostics: _, ...marathon } }) => [name, withAge(marathon, now())]),
  );
}

function withAge<T extends { confirmedAt?: number }>({ confirmedAt, ...marathon }: T, now: number) {
  const confirmationAgeSeconds =
    confirmedAt === undefined ? null : Math.round((now - confirmedAt) / 100) / 10;
  return { ...marathon, confirmationAgeSeconds };
}

function withheldView<T extends { readonly since: number }>(withheld: T | undefined) {
  return withheld === undefined ? null : { ...withheld, since: time(withheld.since) };
}

const time = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());

function status(parts: StatusParts) {
  const { desired, desiredHash, running, inSync, failure: standing, diagnostics, spares } = parts.pipeline();
  const { diagnostics: malformed, ...marathon } = parts.marathon();
  const [last] = parts.journal.entries();
  const { state, why, concerns } = verdict(parts);
  return {
    pacer: { version: parts.version, uptimeSeconds: Math.round((parts.now() - parts.startedAt) / 1000) },
    ready: state !== 'not ready',
    state,
    why,
    concerns,
    notes: notes(parts),
    marathon: withAge(marathon, parts.now()),
    clusters: clusterViews(parts),
    haproxy: {
      mode: parts.haproxyMode,
      runtimeCommands: parts.pipeline().runtimeCommands,
      runtimeSocketFault: parts.pipeline().socketFault ?? null,
      running: running ?? null,
      desiredHash: desiredHash ?? null,
      inSync,
      spares: spares === undefined ? null : { inUse: spares.carriers.size, free: spares.free },
    },
    withheldRemoval: withheldView(parts.withheldRemoval()),
    withheld: withheldView(parts.pipeline().withheld),
    pinned: parts.pinned() ?? null,
    policy: parts.policy() ?? null,
    lastKnownGood: {
      savedAt: time(parts.lastKnownGood().savedAt) ?? null,
      failure: parts.lastKnownGood().failure ?? null,
    },
    services: desired?.services.size ?? 0,
    servers: desired === undefined ? 0 : serverCount(desired),
    lastChange: last ?? null,
    failure: standing ?? null,
    diagnostics: [...malformed, ...diagnostics].map(told),
  };
}

/** The text of the current haproxy.cfg. */
export async function configuration(stateDir: string): Promise<string> {
  return readFile(activeConfigFile(stateDir), 'utf8');
}
