/** What may go wrong with a call to the outside, and when. */
import fc from 'fast-check';
import type { RuntimeCommand } from '../../../src/haproxy/cli/runtime-command.ts';

export interface FakeCall {
  readonly kind:
    'running' | 'start' | 'reload' | 'runtime' | 'write' | 'complaints' | 'makeCurrent' | 'apply' | 'look';
  /** Of `runtime`. */
  readonly commands?: readonly RuntimeCommand[];
  /** How many calls came before, of any kind. */
  readonly number: number;
}

export type Fault =
  /** Fails at once, with nothing done: nobody listens, the disk is full. */
  | { readonly kind: 'fail' }
  /** Never answers, and nothing is done: the caller waits until its deadline. */
  | { readonly kind: 'hang' }
  /** Done only after so many milliseconds, and answered then; after the caller's deadline nobody hears it. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Done at once, and the answer is lost: the caller waits until its deadline. */
  | { readonly kind: 'lost' }
  /** `runtime`: the connection ends after so many commands; elsewhere as `lost`, told at once. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Answered wrongly. `empty` and `truncated`: done; `refused`: HAProxy says no, and nothing is done. */
  | { readonly kind: 'wrong'; readonly how: 'empty' | 'truncated' | 'refused' };

/** Asked at each call. */
export type FaultPlan = (call: FakeCall) => Fault | undefined;

export const noFaults: FaultPlan = () => undefined;

/** The n-th call has the n-th fault; those after the last one have none. */
export function scripted(
  faults: readonly (Fault | undefined)[],
  matches: (call: FakeCall) => boolean = () => true,
): FaultPlan {
  let next = 0;
  return (call) => (matches(call) ? faults[next++] : undefined);
}

/** The same fault at each call of a kind, until the plan is replaced. */
export const always =
  (fault: Fault, ...kinds: FakeCall['kind'][]): FaultPlan =>
  ({ kind }) =>
    kinds.length === 0 || kinds.includes(kind) ? fault : undefined;

export const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant({ kind: 'fail' } as const),
  fc.constant({ kind: 'hang' } as const),
  fc.constant({ kind: 'lost' } as const),
  fc.record({ kind: fc.constant('delay' as const), ms: fc.constantFrom(1, 300, 3_000, 8_000, 70_000) }),
  fc.record({ kind: fc.constant('cut' as const), after: fc.integer({ min: 0, max: 12 }) }),
  fc.record({ kind: fc.constant('wrong' as const), how: fc.constantFrom('empty', 'truncated', 'refused') }),
);

/** Faults for the first calls; most calls are spared. Shrinks to fewer and earlier faults. */
export const someFaults = (calls = 40): fc.Arbitrary<readonly (Fault | undefined)[]> =>
  fc.array(fc.option(anyFault, { nil: undefined, freq: 4 }), { maxLength: calls });

/** Lasts that long where the caller sets no deadline. */
const longestMs = 60_000;

export interface FaultyCall<T> {
  readonly fault: Fault | undefined;
  readonly sleep: (ms: number) => Promise<void>;
  /** How long the caller waits, in milliseconds. */
  readonly deadlineMs?: number;
  /** What is done when all is well. */
  readonly work: () => Promise<T>;
  /** What the caller gets when nothing was answered in time; throws where the call does. */
  readonly unanswered: () => T;
  /** What the caller gets at once when nobody is there; throws where the call does. */
  readonly failed: () => T;
  /** What a wrong answer looks like. `done`: the right one, where the work was done. */
  readonly wrong: (how: 'empty' | 'truncated' | 'refused', done: T | undefined) => T;
  /** For `cut`; as a lost answer unless told. */
  readonly cut?: (after: number) => Promise<T>;
}

/** Does a call with a fault in it. */
export async function withFault<T>(call: FaultyCall<T>): Promise<T> {
  const { fault, sleep, work, deadlineMs = longestMs } = call;
  switch (fault?.kind) {
    case undefined:
      return work();
    case 'fail':
      return call.failed();
    case 'hang':
      await sleep(deadlineMs);
      return call.unanswered();
    case 'lost':
      await swallowed(work());
      await sleep(deadlineMs);
      return call.unanswered();
    case 'delay': {
      const late = sleep(fault.ms).then(work);
      if (fault.ms <= deadlineMs) return late;
      void swallowed(late);
      await sleep(deadlineMs);
      return call.unanswered();
    }
    case 'cut':
      if (call.cut !== undefined) return call.cut(fault.after);
      await swallowed(work());
      return call.failed();
    case 'wrong':
      return call.wrong(fault.how, fault.how === 'refused' ? undefined : await work());
  }
}

const swallowed = (work: Promise<unknown>): Promise<void> =>
  work.then(
    () => undefined,
    () => undefined,
  );
