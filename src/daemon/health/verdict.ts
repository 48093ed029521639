/**
 * Whether this node serves what it should, as a proof: HAProxy has answered for the configuration that is desired, a
 * request of ours has passed through it, and nothing that it depends on has taken longer than it may. Pure.
 */
import type { MarathonStatus } from '../../marathon/sync/source.ts';
import { describeWithheld } from '../decide/describe-withheld.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import type { ProbeState } from './probe.ts';

export interface HealthFacts {
  readonly marathon: Pick<MarathonStatus, 'confirmedAt' | 'lastError' | 'pending' | 'pendingCount'>;
  readonly pipeline: PipelineState;
  readonly probe: ProbeState;
  readonly maxConfirmationAgeSeconds: number;
  /** What other parts of the daemon want somebody to act on: sentences with the fix. */
  readonly reported: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Verdict {
  readonly state: 'ready' | 'degraded' | 'not ready';
  /** Why it is not ready; empty where it is. */
  readonly why: readonly string[];
  /** What somebody should act on although it serves. */
  readonly concerns: readonly string[];
}

/** A change that takes a reload needs a moment; that is no reason not to be ready. */
const patienceMs = 5000;
/** HAProxy may be so long without an answer: it is reloading, or has just been started. */
const probePatienceMs = 3000;
/** What Marathon announced may take so long to fetch. */
const fetchPatienceMs = 15_000;
/** Reading the machine, checking and reloading may take so long. */
const stepPatienceMs = 90_000;

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
  // Where it never answered, it may have a network of its own, or an operator's HEAD without the listener.
  if (answeredAt !== undefined && failingSince !== undefined && now - failingSince > probePatienceMs)
    yield `HAProxy has answered no request on its statistics port for ${seconds(now - failingSince)} (${failure}); look at its process and its log`;
  if (desired !== undefined && running === undefined && !blind) yield 'HAProxy does not answer';
}

function* aboutLoop({ pipeline, now }: HealthFacts): Generator<string> {
  const { desired, outOfSyncSince, failure, waitingFor, slowStep, withheld } = pipeline;
  if (failure !== undefined) yield `${failure.stage} fails: ${failure.message}`;
  else if (desired === undefined) yield 'no snapshot has been applied yet';
  else if (outOfSyncSince === 0) yield 'the first snapshot has not been applied yet';
  // What is withheld keeps what serves as it is: somebody should act, and the node is as good as before.
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
      `Marathon announced a change of ${oldest.kind === 'all' ? 'its apps' : oldest.id}${more} ${seconds(now - oldest.since)} ago and does not say what it is${error}; check that Marathon answers GET /v2/apps`,
    );
  }
  if (pipeline.withheld !== undefined) concerns.push(describeWithheld(pipeline.withheld));
  if (pipeline.socketFault !== undefined)
    concerns.push(`commands reach HAProxy through its master alone: ${pipeline.socketFault}`);
  return concerns;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

function named(apps: readonly string[]): string {
  if (apps.length === 0) return '';
  const more = apps.length > 3 ? ` and ${apps.length - 3} more` : '';
  return `: ${apps.slice(0, 3).join(', ')}${more}`;
}
