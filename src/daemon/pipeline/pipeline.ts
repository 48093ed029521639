/**
 * The control loop, top to bottom:
 *
 *   mirror ─ changed apps ─▶ desired ─▶ decide ─▶ step ─▶ act ─▶ outcome ─▶ settle ─▶ state, and again
 *
 * One pass at a time. A pass goes on until nothing is left to do, or until it has to wait. It brings the servers that
 * changed to HAProxy by itself; steps that may take long run beside it, and their outcome requests another pass.
 */
import { sparesInUse } from '../../core/plan/placement.ts';
import type { ServingContext } from '../../core/servers/serving.ts';
import { messageOf } from '../../errors.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { ReloadBudget } from '../publish/reload-budget.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { PipelineState } from '../decide/pipeline-state.ts';
import type { Actor } from './act.ts';
import type { Candidates } from './candidates.ts';
import { decide } from '../decide/decide.ts';
import type { Inbox } from './inbox.ts';
import { failed, type Settled } from '../settle/postpone.ts';
import type { Reporter } from './report.ts';
import { settle, settleAlone } from '../settle/settle.ts';
import { initialState, type Limits, type LoopState, type Situation, type Withheld } from '../decide/state.ts';
import type { Outcome, SlowStep } from '../decide/step.ts';
import type { Changes } from './take-changes.ts';
import { isInSync, viewOf } from './view.ts';

/** What the loop needs. */
export interface PipelineParts {
  readonly inbox: Inbox;
  readonly changes: Changes;
  readonly serving: ServingContext;
  readonly actor: Actor;
  readonly candidates: Candidates;
  readonly runtime: Pick<Runtime, 'draining' | 'commands' | 'spares'>;
  readonly publisher: Pick<Publisher, 'activeHash'>;
  readonly budget: ReloadBudget;
  readonly limits: Limits;
  /**
   * When Marathon last confirmed the whole mirror, in milliseconds since the epoch; undefined if a cluster never has.
   */
  readonly confirmedAt: () => number | undefined;
  /** Clusters that have never answered and whose mirror is not stored. */
  readonly unheard: () => readonly string[];
  readonly socketFault: () => string | undefined;
  readonly report: Reporter;
  /** Requests a pass. Returns at once. */
  readonly request: () => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Calls back once, after this many milliseconds. @returns a function that cancels the call */
  readonly later: (callback: () => void, afterMs: number) => () => void;
}

/** The running loop. */
export interface Pipeline {
  /** Never rejects. */
  readonly pass: () => Promise<void>;
  readonly state: () => PipelineState;
  /** Applies the change that is withheld. @returns what was withheld; undefined if nothing was */
  readonly approve: () => Withheld | undefined;
  /** Starts nothing more. Resolves when what is under way has ended. */
  readonly close: () => Promise<void>;
}

/** Milliseconds that closing waits for a step that is under way. */
const closeMs = 5000;

/** Creates the loop. It does nothing before the first pass. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { inbox, changes, actor, candidates, runtime, publisher, budget, request, now } = parts;
  let state = initialState(now());
  let finished: { readonly step: SlowStep; readonly outcome: Outcome } | undefined;
  let underWay: Promise<void> = Promise.resolve();
  let closed = false;
  let cancelTimer: () => void = () => undefined;

  const situation = (): Situation => ({
    state,
    now: now(),
    mirror: inbox.apps(),
    serving: parts.serving,
    draining: runtime.draining(),
    diskHash: publisher.activeHash(),
    reloadWaitMs: budget.waitMs(now(), state.running?.oldWorkers.length ?? 0),
    confirmedAt: parts.confirmedAt(),
    unheard: parts.unheard(),
    limits: parts.limits,
    missing: () =>
      [...inbox.apps().keys()].filter((id) => !state.unpinned.apps.has(id) && !state.underived.has(id)),
    candidate: (round) => candidates.of(round, state),
    appliedText: candidates.applied,
  });

  function note(next: LoopState): void {
    state = { ...next, outOfSyncSince: isInSync(next) ? undefined : (next.outOfSyncSince ?? now()) };
  }

  function take({ state: next, reports }: Settled): void {
    note(next);
    parts.report(reports, state);
  }

  function begin(step: SlowStep): void {
    const round = state.round.kind === 'judging' || state.round.kind === 'sampling' ? state.round : undefined;
    note({ ...state, round: { kind: 'busy', step, round, since: now() } });
    underWay = actor.slow(step, state).then((outcome) => {
      finished = { step, outcome };
      request();
    });
  }

  function wakeAt(time: number): void {
    cancelTimer();
    cancelTimer = parts.later(request, Math.max(0, time - now()));
  }

  async function pass(): Promise<void> {
    // Nothing is applied before the first complete snapshot or the stored mirror.
    while (inbox.ready() && !closed) {
      if (finished !== undefined) {
        const { step, outcome } = finished;
        finished = undefined;
        take(settle(state, step, outcome, now(), parts.limits.sampleMs));
      }
      const next = await changes.take(() => state);
      if (next !== undefined) note(next);
      const step = decide(situation());
      switch (step.kind) {
        case 'nothing':
          return;
        case 'wait':
          wakeAt(step.until);
          return;
        case 'derive':
          inbox.touch(step.apps, 'apps that were lost');
          take(settleAlone(state, step, now(), parts.limits.sampleMs));
          break;
        case 'finish':
        case 'postpone':
        case 'sampled':
          take(settleAlone(state, step, now(), parts.limits.sampleMs));
          break;
        case 'follow':
        case 'compare':
        case 'change':
          take(settle(state, step, await actor.quick(step), now(), parts.limits.sampleMs));
          break;
        default:
          begin(step);
      }
    }
  }

  return {
    pass: async () => {
      try {
        await pass();
      } catch (error) {
        // This is a bug in Pacer. The change is not applied, and everything is tried again.
        take(failed(state, { stage: 'render', message: messageOf(error) }, now()));
        wakeAt(state.retryAt);
      }
    },
    state: () =>
      viewOf(state, {
        commands: runtime.commands(),
        socketFault: parts.socketFault(),
        spares: sparesInUse(runtime.spares.current()),
      }),
    approve: () => {
      const { withheld } = state;
      if (withheld === undefined) return undefined;
      state = { ...state, approved: withheld, retryAt: 0 };
      request();
      return withheld;
    },
    close: async () => {
      closed = true;
      cancelTimer();
      changes.close();
      // A reload command that hangs must not keep Pacer from ending.
      await Promise.race([underWay, new Promise<void>((resolve) => parts.later(resolve, closeMs))]);
    },
  };
}
