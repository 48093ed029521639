/** Times the stages of a pass, and remembers the one it is in. */
import type { StageDurations } from './journal.ts';

type Stage = keyof StageDurations;

export interface Stopwatch {
  <T>(stage: Stage, work: () => T | Promise<T>): Promise<T>;
  /** Milliseconds, added up. */
  readonly durations: StageDurations;
  readonly stage: () => Stage;
}

export function stopwatch(now: () => number): Stopwatch {
  const durations: StageDurations = { derive: 0, render: 0, check: 0, publish: 0, apply: 0 };
  let current: Stage = 'derive';
  const time = async <T>(stage: Stage, work: () => T | Promise<T>): Promise<T> => {
    current = stage;
    const start = now();
    try {
      return await work();
    } finally {
      durations[stage] += now() - start;
    }
  };
  return Object.assign(time, { durations, stage: () => current });
}
