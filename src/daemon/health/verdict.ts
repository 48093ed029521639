/**
 * Decides whether this node serves what it should, from proof: HAProxy has answered for the desired configuration, a
 * request of ours has passed through it, and nothing it depends on has taken too long. Pure.
 */
import type { MarathonStatus } from '../../marathon/sync/source.ts';
import { describeWithheld } from '../decide/describe-withheld.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import type { ProbeState } from './probe.ts';

/** What the verdict is based on. */
export interface HealthFacts {
  readonly marathon: Pick<MarathonStatus, 'confirmedAt' | 'lastError' | 'pending' | 'pendingCount'>;
  readonly pipeline: PipelineState;
  readonly probe: ProbeState;
  readonly maxConfirmationAgeSeconds: number;
  /** What other parts of the daemon want somebody to fix: sentences with the fix. */
  readonly reported: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The state of this node. */
export interface Verdict {
  readonly state: 'ready' | 'degraded' | 'not ready';
  /** Why it is not ready; empty if it is. */
  readonly why: readonly string[];
  /** What somebody should fix although the node serves. */
  readonly concerns: readonly string[];
}

/** A change that needs a reload takes a moment. For this many milliseconds the node stays ready. */
const patienceMs = 5000;
/** HAProxy may not answer for this many milliseconds: it is reloading, or has just started. */
const probePatienceMs = 3000;
/** Fetching what Marathon announced may take this many milliseconds. */
const fetchPatienceMs = 15_000;
/** Reading the machine, a check or a reload may take this many milliseconds. */
const stepPatienceMs = 90_000;

/** The verdict for these facts. */
export function verdictOf(facts: HealthFacts): Verdict {
  const why = [...aboutMarathon(facts), ...aboutHaproxy(facts), ...aboutLoop(facts)];
  const concerns = concernsOf(facts);
  const state = why.length > 0 ? 'not ready' : concerns.length > 0 ? 'degraded' : 'ready';
  return { state, why, concerns };
}

function* aboutMarathon({ marathon, maxConfirmationAgeSeconds, now }: HealthFacts): Generator<string> {
  const { confirmedAt, lastError } = marathon;
  const error = lastError === undefined ? '' : ` (${lastError.message})`;
  if (confirmedAt === undefined) yield `Marathon has not given a complete snapshot yet${error}`;
  else if (now - confirmedAt > maxConfirmationAgeSeconds * 1000)
    yield `Marathon has confirmed nothing for ${seconds(now - confirmedAt)}${error}`;
}

function* aboutHaproxy({ pipeline, probe, now }: HealthFacts): Generator<string> {
  const { running, blind, desired } = pipeline;
  const { answeredAt, failingSince, failure = '' } = probe;
  // If it never answered, the port may be in another network, or the operator's HEAD may have no such listener.
  if (answeredAt !== undefined && failingSince !== undefined && now - failingSince > probePatienceMs)
    yield `HAProxy has answered no request on its statistics port for ${seconds(now - failingSince)} (${failure}); look at its process and its log`;
  if (desired !== undefined && running === undefined && !blind) yield 'HAProxy does not answer';
}

function* aboutLoop({ pipeline, now }: HealthFacts): Generator<string> {
  const { desired, outOfSyncSince, failure, waitingFor, slowStep, withheld } = pipeline;
  if (failure !== undefined) yield `${failure.stage} fails: ${failure.message}`;
  else if (desired === undefined) yield 'no snapshot has been applied yet';
  else if (outOfSyncSince === 0) yield 'the first snapshot has not been applied yet';
  // A withheld change leaves what serves as it is: somebody should act, but the node is as good as before.
  else if (outOfSyncSince !== undefined && withheld === undefined && now - outOfSyncSince > patienceMs)
    yield `HAProxy has not been up to date for ${seconds(now - outOfSyncSince)}${named(waitingFor)}`;
  if (slowStep !== undefined && now - slowStep.since > stepPatienceMs)
    yield `"${slowStep.kind}" has taken ${seconds(now - slowStep.since)} and has not ended`;
}

function concernsOf({ marathon, pipeline, reported, now }: HealthFacts): string[] {
  const concerns: string[] = [...reported];
  const overdue = marathon.pending.filter(({ since }) => now - since > fetchPatienceMs);
  const [oldest] = overdue;
  if (oldest !== undefined) {
    const error = oldest.lastError === undefined ? '' : ` (${oldest.lastError})`;
    const more = marathon.pendingCount > 1 ? ` and ${marathon.pendingCount - 1} more` : '';
    concerns.push(
      `Marathon announced a change of ${oldest.kind === 'all' ? 'its apps' : oldest.id}${more} ${seconds(now - oldest.since)} ago, but the new definition could not be fetched${error}; check that Marathon answers GET /v2/apps`,
    );
  }
  if (pipeline.withheld !== undefined) concerns.push(describeWithheld(pipeline.withheld));
  if (pipeline.socketFault !== undefined)
    concerns.push(`commands reach HAProxy only through its master socket: ${pipeline.socketFault}`);
  return concerns;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

function named(apps: readonly string[]): string {
  if (apps.length === 0) return '';
  const more = apps.length > 3 ? ` and ${apps.length - 3} more` : '';
  return `: ${apps.slice(0, 3).join(', ')}${more}`;
}
