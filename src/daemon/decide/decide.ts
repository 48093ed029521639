/**
 * Decides what to do next: one pure function from what is known to one step. Every question of the loop is answered
 * here and nowhere else. Is there anything to do? Can HAProxy do it at runtime? May it be done now? What must not be
 * removed? Which service made HAProxy refuse the configuration, and what is tried next?
 */
import { descriptorsLeft, descriptorsOfAll } from '../../core/policy/capacity.ts';
import { reloadPlan, requestedReload, type Plan } from '../../core/plan/plan.ts';
import type { Service } from '../../core/model/service.ts';
import { skeletonOf } from '../../render/render.ts';
import type { Candidate } from './candidate.ts';
import { serverChanges } from './server-changes.ts';
import { listedTasks } from './loss.ts';
import type { Seen } from './observed.ts';
import type { Judging, Sampling, Situation } from './state.ts';
import type { CheckNeed, Postponed, Step } from './step.ts';
import { tried, withoutTheGuilty, type Good } from './trial.ts';
import { withheldLoss } from './withhold.ts';

/** How many backends one step compares. Servers that changed are brought to HAProxy between two steps. */
const groupSize = 200;
/** The reason for a reload if HAProxy answers no commands. */
const nobodyToAsk = 'HAProxy has no runtime socket that answers';
const tooManyServers = 'these servers need more file descriptors than HAProxy has reserved';

/** The next step of the loop. Servers come first, in every state of the slow half. */
export function decide(situation: Situation): Step {
  return followServers(situation) ?? goOn(situation);
}

/** Tasks that start, end, drain or change their health come first, whatever else is under way or has to wait. */
function followServers({ state, now, mirror, serving, draining }: Situation): Step | undefined {
  const { applied, pending, underived, desired, reapAt } = state;
  if (applied === undefined || state.blind || now < state.runtimeRetryAt) return undefined;
  const reap = reapAt !== undefined && now >= reapAt ? draining : new Set<never>();
  if (pending.size === 0 && reap.size === 0) return undefined;
  const listed = listedTasks(mirror, desired, serving);
  const changes = serverChanges({ applied, desired, pending, underived, listed });
  const changed = new Set(changes.services.map(({ definition }) => definition.backend));
  const leaving = [...reap].flatMap((backend) =>
    changed.has(backend) ? [] : (applied.served.services.get(backend) ?? []),
  );
  return {
    kind: 'follow',
    changes: { ...changes, services: [...changes.services, ...leaving] },
    apps: pending,
  };
}

function goOn(situation: Situation): Step {
  const { round } = situation.state;
  switch (round.kind) {
    case 'idle':
      return begin(situation);
    case 'busy':
      return waiting(nextServersAt(situation));
    case 'sampling':
      return sample(situation, round);
    case 'judging':
      return judge(situation, round);
  }
}

/** Nothing is under way: starts what is due, or says until when there is nothing to do. */
function begin(situation: Situation): Step {
  const { state, now, appliedText } = situation;
  const { applied, textDueAt, recheckAt, sampleDueAt, blind } = state;
  const dueAt = roundDueAt(situation);
  if (now >= dueAt) return { kind: 'observe' };
  let until = Math.min(nextServersAt(situation), dueAt);
  if (recheckAt !== undefined) {
    if (now >= recheckAt) return { kind: 'observe' };
    until = Math.min(until, recheckAt);
  }
  if (applied !== undefined && applied.adopted === undefined && textDueAt !== undefined) {
    if (now >= textDueAt) return { kind: 'publish', candidate: appliedText(applied) };
    until = Math.min(until, textDueAt);
  }
  if (applied !== undefined && !blind) {
    if (now >= sampleDueAt) return { kind: 'sample' };
    until = Math.min(until, sampleDueAt);
  }
  return waiting(until);
}

/** When the next round begins, in milliseconds since the epoch. Infinity if none is due. */
function roundDueAt({ state: { due, retryAt }, limits }: Situation): number {
  if (due === undefined) return Infinity;
  return Math.max(retryAt, due.everything ? 0 : due.since + limits.gatherMs);
}

/** When servers are followed again, or servers without a task are checked, even if nothing has changed. */
function nextServersAt({
  state: { pending, runtimeRetryAt, reapAt, applied, blind },
  now,
}: Situation): number {
  if (applied === undefined || blind) return Infinity;
  const retryAt = pending.size > 0 && runtimeRetryAt > now ? runtimeRetryAt : Infinity;
  return Math.min(retryAt, reapAt === undefined ? Infinity : Math.max(reapAt, runtimeRetryAt));
}

const waiting = (until: number): Step => (until === Infinity ? { kind: 'nothing' } : { kind: 'wait', until });

/** HAProxy and the files have not changed: compares a share of the backends, unless something else can begin. */
function sample(situation: Situation, { to, maps }: Sampling): Step {
  const { state, appliedText, now } = situation;
  const { applied, sampleFrom } = state;
  if (applied === undefined || now >= roundDueAt(situation)) return { kind: 'sampled' };
  // The maps of a HAProxy that served before this daemon may hold what is withheld from being taken away.
  if (maps && applied.adopted === undefined)
    return { kind: 'files', candidate: appliedText(applied), certificates: false };
  const services = slice(applied.served.services.values(), sampleFrom, Math.min(to, sampleFrom + groupSize));
  if (services.length === 0) return { kind: 'sampled' };
  return { kind: 'compare', services, next: sampleFrom + services.length, pool: undefined };
}

/** HAProxy and the machine have been read: decides whether the candidate may be applied, and how. */
function judge(situation: Situation, round: Judging): Step {
  const lost = situation.missing();
  if (lost.length > 0) return { kind: 'derive', apps: lost };
  const candidate = situation.candidate(round);
  const withheld = withheldLoss(situation, round, candidate);
  if (withheld !== undefined) return postpone(withheld);
  const result = resultOf(round, candidate);
  if (round.due.reload || result === undefined || !runsSkeleton(situation, round, candidate))
    return reload(situation, round, candidate);
  return compare(situation, round, candidate, result.unfinished);
}

/** HAProxy runs the desired skeleton already: everything else can be done at runtime. */
function compare(situation: Situation, round: Judging, candidate: Candidate, unfinished: boolean): Step {
  const { state, diskHash } = situation;
  const { comparison, observed } = round;
  // The candidate is no longer what is desired.
  if (isOutdated(situation, round)) return postpone({ kind: 'outdated' });
  if (observed.haproxy === 'blind')
    return diskHash === candidate.rendering.hash
      ? { kind: 'finish', candidate, unfinished }
      : reload(situation, round, candidate, nobodyToAsk);
  switch (comparison.kind) {
    case 'impossible':
      return reload(situation, round, candidate, comparison.reason);
    case 'equal':
      return { kind: 'finish', candidate, unfinished };
    case 'servers':
      return { kind: 'files', candidate, certificates: true };
    case 'changed':
      if (isCrowded(situation, observed, candidate))
        return reload(situation, round, candidate, tooManyServers);
      return { kind: 'change', services: changedIn(candidate, state.applied?.served.services), candidate };
    case 'all': {
      if (comparison.next === 0 && isCrowded(situation, observed, candidate))
        return reload(situation, round, candidate, tooManyServers);
      const { next } = comparison;
      const services = slice(candidate.desired.services.values(), next, next + groupSize);
      const pool = next === 0 ? candidate.rendering.pool : undefined;
      return { kind: 'compare', services, next: next + services.length, pool };
    }
  }
}

/** HAProxy must read its configuration again, as soon as it accepts it and the reload budget allows it. */
function reload(situation: Situation, round: Judging, candidate: Candidate, impossible?: string): Step {
  const { trial, observed } = round;
  const plan = planOf(situation, round, candidate, impossible);
  const waitMs = observed.haproxy === 'absent' ? 0 : situation.reloadWaitMs;
  if (trial.kind === 'untried' && waitMs > 0) return postpone({ kind: 'budget', plan, waitMs });
  if (trial.kind === 'refused') return postpone({ kind: 'refused', messages: trial.messages });
  if (trial.kind === 'searching' && trial.culprit !== undefined)
    return { kind: 'reject', culprit: trial.culprit, reason: trial.complaint };
  const good = resultOf(round, candidate);
  if (good !== undefined && trial.kind !== 'untried') {
    if (good.revision !== undefined) return { kind: 'reload', good, plan };
    // The skeleton seemed to be the same, but what differs cannot be changed at runtime.
    return postpone({ kind: 'impossible', reason: impossible ?? '' });
  }
  const need = needOf(situation, round, candidate);
  const replaces = trial.kind === 'searching' ? trial.good?.revision : undefined;
  return { kind: 'check', candidate, need, replaces };
}

/** Without the culprits, the candidate may be exactly what HAProxy runs already. */
function needOf(situation: Situation, round: Judging, candidate: Candidate): CheckNeed {
  const { trial, due } = round;
  if (trial.kind !== 'searching' || due.reload || trial.firstHash === candidate.rendering.hash)
    return 'needed';
  if (!runsSkeleton(situation, round, candidate)) return 'needed';
  return trial.doubted && trial.good === undefined ? 'doubted' : 'runs already';
}

/** The result of the search for a culprit; undefined while it goes on. */
function resultOf({ trial }: Judging, candidate: Candidate): Good | undefined {
  switch (trial.kind) {
    case 'untried':
      return { candidate, revision: undefined, unfinished: false };
    case 'accepted':
      return trial.good;
    case 'refused':
      return undefined;
    case 'searching':
      return trial.culprit === undefined && tried(trial, candidate).length === 0
        ? withoutTheGuilty(trial, candidate)
        : undefined;
  }
}

function planOf({ state }: Situation, round: Judging, { desired }: Candidate, impossible?: string): Plan {
  const { applied } = state;
  const { haproxy } = round.observed;
  if (round.due.reload) return requestedReload(round.due.cause.text);
  if (impossible !== undefined)
    return { kind: 'reload', reasons: [{ code: 'runtime-impossible', backends: [], detail: impossible }] };
  const runsApplied =
    applied !== undefined &&
    applied.adopted === undefined &&
    (typeof haproxy === 'string' ? haproxy === 'blind' : skeletonOf(haproxy.hash) === applied.skeleton);
  return reloadPlan({ applied: applied?.served, desired, runsApplied });
}

function runsSkeleton({ state }: Situation, { observed }: Judging, { rendering }: Candidate): boolean {
  const { haproxy } = observed;
  if (haproxy === 'absent') return false;
  // If HAProxy cannot be asked, what it was last given counts as what it runs.
  const runs = haproxy === 'blind' ? state.applied?.skeleton : skeletonOf(haproxy.hash);
  return runs === skeletonOf(rendering.hash);
}

/** Whether more than servers has changed since the round began. */
export const isOutdated = ({ state }: Situation, { desired }: Judging): boolean =>
  state.desired.conflicts !== desired.conflicts;

function isCrowded({ state }: Situation, observed: Seen, { desired, inputs }: Candidate): boolean {
  const { descriptors: limit, ownListeners } = observed;
  const services = () => desired.services.values();
  // What HAProxy was reloaded with fits by definition, whatever HAProxy says is left.
  if (limit === undefined || descriptorsOfAll(services()) <= state.loadedDescriptors) return false;
  const { maxconn } = inputs;
  return descriptorsLeft(services(), { limit, maxconn, ownListeners, headroom: 0 }) < 0;
}

function changedIn({ desired }: Candidate, before: ReadonlyMap<string, Service> | undefined): Service[] {
  return [...desired.services].flatMap(([backend, service]) =>
    before?.get(backend) === service ? [] : [service],
  );
}

function slice<T>(values: Iterable<T>, from: number, to: number): T[] {
  const found: T[] = [];
  let position = 0;
  for (const value of values) {
    if (position >= to) break;
    if (position >= from) found.push(value);
    position += 1;
  }
  return found;
}

const postpone = (why: Postponed): Step => ({ kind: 'postpone', why });
