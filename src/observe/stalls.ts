/** Watches for stalls of the event loop: while one piece of work runs, no event is handled and nothing is answered. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface StallWatch {
  /** Milliseconds; 0 where there was none. */
  readonly longestMs: () => number;
  readonly close: () => void;
}

export interface StallOptions {
  /** Milliseconds that make a stall. */
  readonly fromMs?: number;
  /** Milliseconds between looks. */
  readonly everyMs?: number;
}

/** Milliseconds between measurements: the delay of each is what is recorded. */
const resolution = 20;

/** @param onStall is called with the longest stall since the last look, in milliseconds */
export function watchStalls(
  onStall: (ms: number) => void,
  { fromMs = 200, everyMs = 1000 }: StallOptions = {},
): StallWatch {
  const delays = monitorEventLoopDelay({ resolution });
  delays.enable();
  let longest = 0;
  const timer = setInterval(() => {
    // Of the interval that a measurement waits anyway, nothing is a stall.
    const ms = delays.count === 0 ? 0 : delays.max / 1e6 - resolution;
    delays.reset();
    if (ms < fromMs) return;
    longest = Math.max(longest, ms);
    onStall(ms);
  }, everyMs).unref();
  return {
    longestMs: () => longest,
    close: () => {
      clearInterval(timer);
      delays.disable();
    },
  };
}
