/** Performs one step and returns its outcome. Decides nothing, and never rejects. */
import { messageOf, PacerError } from '../../errors.ts';
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import { runningOf } from '../../haproxy/control/running.ts';
import type { StageDurations } from '../storage/journal.ts';
import type { Publisher } from '../publish/publisher.ts';
import { culpritsIn, type Rejections } from '../rejected/rejections.ts';
import type { ReloadBudget } from '../publish/reload-budget.ts';
import type { Runtime, RuntimeAnswer } from '../runtime/runtime.ts';
import type { Candidate } from '../decide/candidate.ts';
import type { Observer } from './observe.ts';
import type { LoopState } from '../decide/state.ts';
import type { Outcome, QuickStep, SlowStep } from '../decide/step.ts';
import { tried, type Trial } from '../decide/trial.ts';

/** Performs steps. `quick` is awaited within a pass, `slow` runs beside it. */
export interface Actor {
  readonly quick: (step: QuickStep) => Promise<Outcome>;
  readonly slow: (step: SlowStep, state: LoopState) => Promise<Outcome>;
}

/** What the actor needs. */
export interface ActorParts {
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly runtime: Runtime;
  readonly rejections: Rejections;
  readonly observer: Observer;
  readonly budget: ReloadBudget;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type Stage = keyof StageDurations;

/** Creates the actor. */
export function createActor(parts: ActorParts): Actor {
  const { control, publisher, runtime, rejections, observer, budget, now } = parts;

  /** @param work throws if our own side fails */
  async function timed(stage: Stage, work: () => Promise<UntimedOutcome>): Promise<Outcome> {
    const start = now();
    const durations = () => ({ [stage]: now() - start });
    try {
      return { ...(await work()), durations: durations() };
    } catch (error) {
      return {
        kind: 'failed',
        stage: stageOf(error, stage),
        message: messageOf(error),
        durations: durations(),
      };
    }
  }

  const atRuntime = async (answer: Promise<RuntimeAnswer>): Promise<UntimedOutcome> => {
    const outcome = await answer;
    if (outcome.kind === 'unreachable') return { kind: 'silent', reason: outcome.reason };
    const { kind, steps, files } = outcome;
    const isDeparting = runtime.draining().size > 0;
    return outcome.kind === 'done'
      ? { kind: 'done', reason: '', needReload: new Map(), steps, files, isDeparting }
      : { kind, reason: outcome.reason, needReload: outcome.needReload, steps, files, isDeparting };
  };

  const afterBackends = async (
    pool: Candidate['rendering']['pool'],
    compares: boolean,
    then: () => Promise<RuntimeAnswer>,
  ): Promise<RuntimeAnswer> => {
    const backends = await runtime.bringBackends(pool, compares);
    return backends.kind === 'done' ? then() : backends;
  };

  async function check(step: Extract<SlowStep, { kind: 'check' }>, trial: Trial, cause: string) {
    const { candidate, need, replaces } = step;
    if (need === 'runs already') {
      if (replaces !== undefined) await publisher.discard(replaces);
      return accepted(undefined);
    }
    const revision = await publisher.write(candidate.rendering, candidate.desired, cause);
    const messages = await publisher.complaints(revision);
    if (messages === undefined) {
      if (replaces !== undefined) await publisher.discard(replaces);
      if (need === 'needed') return accepted(revision);
      await publisher.discard(revision);
      return accepted(undefined);
    }
    const culprits = culpritsIn(messages, candidate, tried(trial, candidate));
    for (const [culprit, reason] of culprits) await rejections.reject(culprit, reason, true);
    return { kind: 'refused', messages, culprits: culprits.size } as const;
  }

  async function reload({ good }: Extract<SlowStep, { kind: 'reload' }>, isRunning: boolean) {
    const { revision, candidate } = good;
    if (revision === undefined) throw new TypeError('nothing was written');
    budget.spend(now());
    await publisher.apply(revision, candidate.rendering.hash, isRunning);
    runtime.loaded(candidate.rendering.pool, candidate.inputs.certificateDigests);
    const running = runningOf(await control.running());
    const descriptors = running === undefined ? undefined : await runtime.descriptors();
    return { kind: 'reloaded', running, descriptors } as const;
  }

  async function publish({ rendering, desired }: Candidate) {
    if (publisher.activeHash() === rendering.hash) return { kind: 'published' } as const;
    const revision = await publisher.write(rendering, desired, 'the text follows the runtime');
    const messages = await publisher.complaints(revision, 'unhurried');
    if (messages !== undefined)
      return {
        kind: 'failed',
        stage: 'publish',
        message: messages.map(({ text }) => text).join('; '),
      } as const;
    await publisher.makeCurrent(revision);
    return { kind: 'published' } as const;
  }

  return {
    quick: (step) =>
      timed('apply', () => {
        switch (step.kind) {
          case 'follow':
            return atRuntime(runtime.bringServers(step.changes.services, step.changes.known));
          case 'compare':
            return atRuntime(afterBackends(step.pool, true, () => runtime.bringServers(step.services)));
          case 'change': {
            const { pool } = step.candidate.rendering;
            return atRuntime(afterBackends(pool, false, () => runtime.bringServers(step.services)));
          }
        }
      }),
    slow: (step, state) => {
      const round = judgingOf(state);
      switch (step.kind) {
        case 'observe':
          return timed('derive', async () => ({
            kind: 'observed',
            observed: await observer.observe(state.desired, state.applied),
          }));
        case 'sample':
          return timed('derive', async () => ({
            kind: 'sampled',
            sampled: await sampled(observer, state),
          }));
        case 'files': {
          const { rendering, inputs } = step.candidate;
          return timed('apply', () =>
            atRuntime(
              step.certificates
                ? runtime.bringFiles({
                    maps: rendering.maps,
                    pool: rendering.pool,
                    certificates: inputs.certificateDigests,
                  })
                : runtime.bringMaps(rendering.maps),
            ),
          );
        }
        case 'check':
          return timed('check', () =>
            check(step, round?.trial ?? { kind: 'untried' }, round?.due.cause.text ?? ''),
          );
        case 'reject':
          return timed('check', async () => {
            await rejections.reject(step.culprit, step.reason, false);
            return { kind: 'rejected' };
          });
        case 'reload':
          return timed('apply', () => reload(step, round?.observed.haproxy !== 'absent'));
        case 'publish':
          return timed('publish', () => publish(step.candidate));
      }
    },
  };
}

type WithoutDurations<T> = T extends unknown ? Omit<T, 'durations'> : never;
type UntimedOutcome = WithoutDurations<Outcome>;

const accepted = (revision: Extract<Outcome, { kind: 'accepted' }>['revision']) =>
  ({ kind: 'accepted', revision }) as const;

const judgingOf = ({ round }: LoopState) => {
  const current = round.kind === 'busy' ? round.round : round;
  return current?.kind === 'judging' ? current : undefined;
};

const sampled = async (observer: Observer, { applied, running, due, textDueAt, desiredHash }: LoopState) =>
  applied === undefined
    ? ({ kind: 'differs', what: 'nothing was applied yet' } as const)
    : observer.sample(
        applied,
        running,
        due === undefined && textDueAt === undefined ? desiredHash : undefined,
      );

/** If something could not be written, the stage is `publish`, whatever the step was for: the disk is the cause. */
const stageOf = (error: unknown, stage: Stage): Stage =>
  error instanceof PacerError && error.code === 'STATE_DIR_UNWRITABLE' ? 'publish' : stage;
