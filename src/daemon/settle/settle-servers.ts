/** The state after commands over the runtime socket: what HAProxy has of servers, maps and certificates now. Pure. */
import { runtimePlan } from '../../core/plan/plan.ts';
import type { Applied } from '../decide/applied.ts';
import { added, dueFor, noDurations, sampleCause } from './due.ts';
import type { Settled } from './postpone.ts';
import { withServices } from '../decide/server-changes.ts';
import type { Judging, LoopState } from '../decide/state.ts';
import type { Outcome, QuickStep, SlowStep } from '../decide/step.ts';

/** Milliseconds until the text on disk follows changes made at runtime. */
export const textLagMs = 700;
/** Milliseconds between attempts to delete servers that have sessions. */
const reapMs = 1000;
/** Milliseconds until a runtime socket that did not answer is tried again. */
const runtimeRetryMs = 250;

type DoneOutcome = Extract<Outcome, { kind: 'done' | 'impossible' }>;

/** The state after a runtime step, whatever its outcome. */
export function afterRuntime(
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

/** Servers of apps that changed are as they should be, or need a reload. */
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
              durations: added({ ...noDurations, derive: state.deriveMs }, durations),
            } as const,
          ]),
    ],
  };
}

/** A sample has compared a group of backends, or the maps. */
function sampledOn(state: LoopState, step: QuickStep | SlowStep, outcome: DoneOutcome, now: number): Settled {
  const plan = runtimePlan(outcome.steps, outcome.files);
  const due = outcome.kind === 'impossible' ? dueFor(state, sampleCause, now, true) : state.due;
  const current = state.round.kind === 'busy' ? state.round.round : state.round;
  return {
    state: {
      ...state,
      due,
      round: current?.kind === 'sampling' ? { ...current, maps: false } : { kind: 'idle' },
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
              durations: added(noDurations, outcome.durations),
            },
          ],
  };
}

function withChanged(
  applied: Applied | undefined,
  { services }: Extract<QuickStep, { kind: 'change' }>,
): Applied | undefined {
  if (applied === undefined) return undefined;
  const all = new Map(applied.served.services);
  for (const service of services) all.set(service.definition.backend, service);
  return { ...applied, served: { ...applied.served, services: all } };
}

/** The runtime socket did not answer. It is tried again, and a round reads HAProxy. */
export function silentRuntime(state: LoopState, now: number): Settled {
  return {
    state: { ...state, runtimeRetryAt: now + runtimeRetryMs, sampleDueAt: Math.min(state.sampleDueAt, now) },
    reports: [],
  };
}
