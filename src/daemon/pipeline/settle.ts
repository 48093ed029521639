/** The next state, and what is to be told, from the state, the step and what came of it. Pure. */
import { descriptorsLeft, descriptorsOfAll } from '../../core/capacity.ts';
import { nothingDesired, type Desired } from '../../core/desired.ts';
import type { AppId } from '../../core/ids.ts';
import { runtimePlan } from '../../core/plan.ts';
import { skeletonOf } from '../../render/render.ts';
import type { StageDurations } from '../journal.ts';
import type { Applied } from './applied.ts';
import type { Candidate } from './candidate.ts';
import type { Seen } from './observed.ts';
import { failed, postponed, type Settled } from './postpone.ts';
import { withServices } from './server-changes.ts';
import type { Cause, Judging, LoopState } from './state.ts';
import type { Outcome, QuickStep, SlowStep, Step } from './step.ts';
import { afterCheck, afterRejecting } from './trial.ts';

/** Milliseconds. After what was done at runtime until the text on disk follows; between tries to delete servers with
 * sessions; until what the machine has against a service is looked at again. */
const [textLagMs, reapMs, recheckMs] = [700, 1000, 5000];
/** Services that wait for the search for a culprit to go on. */
const unfinishedMs = 1000;
/** One look compares so many backends, or a share of them, whichever is more. */
const [fewestSampled, sampledShare] = [200, 1 / 24];

const sampleCause: Cause = { text: 'a look at HAProxy', receivedAt: undefined };

type DoneOutcome = Extract<Outcome, { kind: 'done' | 'impossible' }>;

export function settle(
  state: LoopState,
  step: QuickStep | SlowStep,
  outcome: Outcome,
  now: number,
  sampleMs: number,
): Settled {
  const judging = judgingOf(state);
  const round = judging && { ...judging, durations: added(judging.durations, outcome.durations) };
  // Servers are followed beside whatever else is under way: that goes on.
  if (step.kind === 'follow' && (outcome.kind === 'failed' || outcome.kind === 'silent'))
    return silentRuntime(state, now);
  switch (outcome.kind) {
    case 'failed':
      if (step.kind === 'publish') return textFailed(state, outcome, now);
      return failed({ ...state, round: round ?? { kind: 'idle' } }, outcome, now, plannedBy(step));
    case 'silent':
      return postponed(
        { ...state, round: round ?? { kind: 'idle' } },
        { kind: 'silent', reason: outcome.reason },
        now,
      );
    case 'done':
    case 'impossible':
      return afterRuntime(state, round, step, outcome, now);
    case 'observed':
      if (outcome.observed.kind === 'silent')
        return postponed({ ...state, round: { kind: 'idle' } }, outcome.observed, now);
      return { state: begun(state, outcome.observed, outcome.durations, now), reports: [] };
    case 'sampled':
      return { state: sampling(state, outcome.sampled, now, sampleMs), reports: [] };
    case 'accepted':
    case 'refused':
      if (round === undefined || step.kind !== 'check')
        return { state: { ...state, round: { kind: 'idle' } }, reports: [] };
      return {
        state: { ...state, round: { ...round, trial: afterCheck(round.trial, step.candidate, outcome) } },
        reports: [],
      };
    case 'rejected':
      if (round === undefined) return { state, reports: [] };
      return { state: { ...state, round: { ...round, trial: afterRejecting(round.trial) } }, reports: [] };
    case 'reloaded':
      if (round === undefined || step.kind !== 'reload') return { state, reports: [] };
      return reloaded(state, round, step, outcome, now);
    case 'published':
      return {
        state: {
          ...state,
          round: { kind: 'idle' },
          textDueAt: undefined,
          textFailure: undefined,
          ...(step.kind === 'publish' && { desiredHash: step.candidate.rendering.hash }),
        },
        reports: [],
      };
  }
}

/** The steps that are settled by themselves. */
export function settleAlone(
  state: LoopState,
  step: Extract<Step, { kind: 'finish' | 'postpone' | 'sampled' | 'derive' }>,
  now: number,
  sampleMs: number,
): Settled {
  switch (step.kind) {
    case 'postpone':
      return postponed(state, step.why, now);
    case 'derive':
      return postponed(state, { kind: 'lost' }, now);
    case 'sampled':
      return { state: { ...state, round: { kind: 'idle' }, sampleDueAt: now + sampleMs }, reports: [] };
    case 'finish':
      return finished(state, step, now);
  }
}

function afterRuntime(
  state: LoopState,
  round: Judging | undefined,
  step: QuickStep | SlowStep,
  outcome: DoneOutcome,
  now: number,
): Settled {
  const isChanged = outcome.steps.length > 0 || outcome.files.length > 0;
  const noted: LoopState = {
    ...state,
    reapAt: outcome.isDeparting
      ? state.reapAt !== undefined && state.reapAt > now
        ? state.reapAt
        : now + reapMs
      : undefined,
    textDueAt: isChanged ? (state.textDueAt ?? now + textLagMs) : state.textDueAt,
  };
  if (step.kind === 'follow') return followed(noted, step, outcome, now);
  if (round === undefined) return sampledOn(noted, step, outcome, now);
  const next: Judging = {
    ...round,
    steps: [...round.steps, ...outcome.steps],
    files: [...round.files, ...outcome.files],
    comparison:
      outcome.kind === 'impossible' ? { kind: 'impossible', reason: outcome.reason } : afterComparing(step),
  };
  const applied =
    step.kind === 'change' && outcome.kind === 'done' ? withChanged(state.applied, step) : state.applied;
  return { state: { ...noted, applied, round: next }, reports: [] };
}

function afterComparing(step: QuickStep | SlowStep): Judging['comparison'] {
  if (step.kind === 'compare' && step.services.length > 0) return { kind: 'all', next: step.next };
  return step.kind === 'files' ? { kind: 'equal' } : { kind: 'servers' };
}

/** Servers of apps that changed are as they should be, or take a reload. */
function followed(
  state: LoopState,
  { changes, apps }: Extract<QuickStep, { kind: 'follow' }>,
  { steps, needReload, durations }: DoneOutcome,
  now: number,
): Settled {
  const { applied, desired, pendingCause } = state;
  if (applied === undefined) return { state, reports: [] };
  const isSame = desired.conflicts === applied.desired.conflicts;
  const services = withServices(
    applied.served,
    changes.services.map((service) => {
      const { definition, servers } = service;
      const before = changes.known.get(definition.backend);
      if (before === undefined || !needReload.has(definition.backend)) return service;
      const had = new Set(before.servers.map(({ name }) => name));
      return { definition, servers: servers.filter(({ name }) => had.has(name)) };
    }),
  );
  const served = {
    ...applied.served,
    ...(isSame && { apps: desired.apps, groups: desired.groups }),
    services,
  };
  const needsReload = needReload.size + changes.crowded.length > 0;
  const cause = pendingCause ?? sampleCause;
  const plan = runtimePlan(steps);
  return {
    state: {
      ...state,
      pending: new Set([...state.pending].filter((id) => !apps.has(id))),
      pendingCause: undefined,
      deriveMs: 0,
      applied: {
        ...applied,
        desired: isSame ? desired : applied.desired,
        served,
        descriptorsLeft: changes.descriptorsLeft,
      },
      candidate: isSame ? served : state.candidate,
      due: needsReload ? dueFor(state, cause, now) : state.due,
    },
    reports: [
      { kind: 'served-also', services: changes.services, desired: served },
      ...(plan.kind === 'none'
        ? []
        : [
            {
              kind: 'applied',
              plan,
              cause,
              revision: undefined,
              durations: added({ ...nothing, derive: state.deriveMs }, durations),
            } as const,
          ]),
    ],
  };
}

/** A look has compared a group of backends, or the maps. */
function sampledOn(state: LoopState, step: QuickStep | SlowStep, outcome: DoneOutcome, now: number): Settled {
  const plan = runtimePlan(outcome.steps, outcome.files);
  const due = outcome.kind === 'impossible' ? dueFor(state, sampleCause, now, true) : state.due;
  const current = state.round.kind === 'busy' ? state.round.round : state.round;
  return {
    state: {
      ...state,
      due,
      round:
        current?.kind === 'sampling' && due === undefined ? { ...current, maps: false } : { kind: 'idle' },
      sampleFrom: step.kind === 'compare' ? step.next : 0,
    },
    reports:
      plan.kind === 'none'
        ? []
        : [
            {
              kind: 'applied',
              plan,
              cause: sampleCause,
              revision: undefined,
              durations: added(nothing, outcome.durations),
            },
          ],
  };
}

/** HAProxy and the machine have been read: a round begins. */
function begun(state: LoopState, observed: Seen, durations: Partial<StageDurations>, now: number): LoopState {
  const { haproxy } = observed;
  const cause: Cause = { text: 'what a service is rejected for may be repaired', receivedAt: undefined };
  const due = state.due ?? { everything: false, reload: false, cause, since: now };
  const applied = state.applied ?? adopted(state.desired, observed);
  const isFirst = applied === undefined || applied.adopted !== undefined;
  return {
    ...state,
    applied,
    running: typeof haproxy === 'string' ? undefined : haproxy,
    blind: haproxy === 'blind',
    due: undefined,
    recheckAt: undefined,
    round: {
      kind: 'judging',
      observed,
      desired: state.desired,
      due,
      comparison: due.everything || isFirst ? { kind: 'all', next: 0 } : { kind: 'changed' },
      trial: { kind: 'untried' },
      steps: [],
      files: [],
      durations: added({ ...nothing, derive: state.deriveMs }, durations),
    },
  };
}

/** A HAProxy that served before this daemon: of its backends, those that are desired can be followed at once. */
function adopted(
  desired: Desired,
  { haproxy, unknown, inputs, descriptors, ownListeners }: Seen,
): Applied | undefined {
  if (typeof haproxy === 'string' || unknown === undefined) return undefined;
  const skeleton = skeletonOf(haproxy.hash);
  if (skeleton === undefined) return undefined;
  const services = new Map([...desired.services].filter(([backend]) => unknown.has(backend)));
  return {
    desired: nothingDesired,
    served: { ...desired, services },
    inputs,
    skeleton,
    descriptorsLeft: leftOf(services.values(), inputs, descriptors, ownListeners),
    adopted: unknown,
  };
}

function sampling(
  state: LoopState,
  sampled: Extract<Outcome, { kind: 'sampled' }>['sampled'],
  now: number,
  sampleMs: number,
): LoopState {
  if (sampled.kind === 'differs') {
    const cause = { text: `${sampleCause.text}: ${sampled.what}`, receivedAt: undefined };
    return {
      ...state,
      round: { kind: 'idle' },
      sampleDueAt: now + sampleMs,
      due: dueFor(state, cause, now, true),
    };
  }
  const count = state.applied?.served.services.size ?? 0;
  const maps = state.sampleFrom >= count;
  const from = maps ? 0 : state.sampleFrom;
  const to = from + Math.max(fewestSampled, Math.ceil(count * sampledShare));
  return { ...state, running: sampled.running, sampleFrom: from, round: { kind: 'sampling', to, maps } };
}

/** HAProxy has what it should have. */
function finished(
  state: LoopState,
  { candidate, unfinished }: Extract<Step, { kind: 'finish' }>,
  now: number,
): Settled {
  const round = judgingOf(state);
  if (round === undefined) return { state, reports: [] };
  const plan = runtimePlan(round.steps, round.files);
  const { descriptors, ownListeners } = round.observed;
  const left = leftOf(candidate.desired.services.values(), candidate.inputs, descriptors, ownListeners);
  return {
    state: {
      ...upToDate(state, round, candidate, unfinished, now),
      applied: appliedOf(candidate, left),
      textDueAt: state.textDueAt ?? now + textLagMs,
    },
    reports: [
      { kind: 'served', desired: candidate.desired },
      ...(plan.kind === 'none'
        ? []
        : [
            {
              kind: 'applied',
              plan,
              cause: round.due.cause,
              revision: undefined,
              durations: round.durations,
            } as const,
          ]),
      ...released(state),
    ],
  };
}

/** A new worker runs the good candidate. What was done at runtime meanwhile may have reached the old one. */
function reloaded(
  state: LoopState,
  round: Judging,
  { good, plan }: Extract<SlowStep, { kind: 'reload' }>,
  { running, descriptors }: Extract<Outcome, { kind: 'reloaded' }>,
  now: number,
): Settled {
  const { candidate, revision, unfinished } = good;
  const { from, desired, inputs } = candidate;
  const left = leftOf(desired.services.values(), inputs, descriptors, round.observed.ownListeners);
  const next = upToDate(state, round, candidate, unfinished, now);
  return {
    state: {
      ...next,
      applied: appliedOf(candidate, left),
      pending: new Set([...next.pending, ...changedApps(from, state.desired)]),
      due:
        state.due ??
        (from.conflicts === state.desired.conflicts ? next.due : dueFor(state, round.due.cause, now)),
      running: running ?? state.running,
      loadedDescriptors: descriptorsOfAll(desired.services.values()),
      runtimeRetryAt: 0,
      textDueAt: undefined,
      textFailure: undefined,
    },
    reports: [
      { kind: 'served', desired },
      {
        kind: 'applied',
        plan,
        cause: round.due.cause,
        revision: revision?.number,
        durations: round.durations,
      },
      ...released(state),
    ],
  };
}

function upToDate(
  state: LoopState,
  { observed, due }: Judging,
  { desired, rendering }: Candidate,
  unfinished: boolean,
  now: number,
): LoopState {
  return {
    ...state,
    round: { kind: 'idle' },
    due: state.due ?? (unfinished ? { ...due, everything: true, reload: false, since: now } : undefined),
    retryAt: unfinished ? now + unfinishedMs : 0,
    recheckAt: observed.facts.size > 0 ? now + recheckMs : undefined,
    failures: 0,
    failure: undefined,
    deriveMs: 0,
    pending: state.blind ? new Set() : state.pending,
    withheld: undefined,
    approved: false,
    candidate: desired,
    desiredHash: rendering.hash,
  };
}

const appliedOf = ({ from, desired, inputs, rendering }: Candidate, left: number): Applied => ({
  desired: from,
  served: desired,
  inputs,
  skeleton: skeletonOf(rendering.hash) ?? '',
  descriptorsLeft: left,
  adopted: undefined,
});

function withChanged(
  applied: Applied | undefined,
  { services }: Extract<QuickStep, { kind: 'change' }>,
): Applied | undefined {
  if (applied === undefined) return undefined;
  const all = new Map(applied.served.services);
  for (const service of services) all.set(service.definition.backend, service);
  return { ...applied, served: { ...applied.served, services: all } };
}

/** The runtime socket did not answer: it is tried again, and HAProxy is looked at. */
function silentRuntime(state: LoopState, now: number): Settled {
  return {
    state: { ...state, runtimeRetryAt: now + 250, sampleDueAt: Math.min(state.sampleDueAt, now) },
    reports: [],
  };
}

function textFailed(
  state: LoopState,
  { message }: Extract<Outcome, { kind: 'failed' }>,
  now: number,
): Settled {
  const textFailure = { stage: 'publish', message, at: new Date(now).toISOString() };
  return { state: { ...state, round: { kind: 'idle' }, textFailure, textDueAt: now + 1000 }, reports: [] };
}

const released = ({ withheld, approved }: LoopState): Settled['reports'] =>
  withheld === undefined ? [] : [{ kind: 'released', withheld, approved }];

const plannedBy = (step: QuickStep | SlowStep) =>
  step.kind === 'reload' ? step.plan : ({ kind: 'none' } as const);

function leftOf(
  services: Iterable<Parameters<typeof descriptorsLeft>[0] extends Iterable<infer S> ? S : never>,
  { maxconn }: Candidate['inputs'],
  limit: number | undefined,
  ownListeners: number,
): number {
  return limit === undefined
    ? Infinity
    : descriptorsLeft(services, { limit, maxconn, ownListeners, headroom: 0 });
}

/** Apps that are not the same objects in both. */
function changedApps(before: Desired, after: Desired): AppId[] {
  if (before.apps === after.apps) return [];
  const changed = [...after.apps].flatMap(([id, app]) => (before.apps.get(id) === app ? [] : [id]));
  return [...changed, ...[...before.apps.keys()].filter((id) => !after.apps.has(id))];
}

export function dueFor({ due }: LoopState, cause: Cause, now: number, everything = false) {
  return due === undefined
    ? { everything, reload: false, cause, since: now }
    : { ...due, everything: due.everything || everything };
}

const judgingOf = ({ round }: LoopState): Judging | undefined => {
  const current = round.kind === 'busy' ? round.round : round;
  return current?.kind === 'judging' ? current : undefined;
};

const nothing: StageDurations = { derive: 0, render: 0, check: 0, publish: 0, apply: 0 };

function added(durations: StageDurations, more: Partial<StageDurations>): StageDurations {
  const sum = { ...durations };
  for (const [stage, ms] of Object.entries(more)) sum[stage as keyof StageDurations] += ms;
  return sum;
}
