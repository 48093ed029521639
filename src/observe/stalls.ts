/** Watches for stalls of the event loop: while one piece of work runs, no event is handled and nothing is answered. */

export interface StallWatch {
  /** Milliseconds; 0 where there was none. */
  readonly longestMs: () => number;
  readonly close: () => void;
}

/** Milliseconds between two looks at the clock. */
const tickMs = 20;

/**
 * A timer, because the histogram of perf_hooks forgets what is under way when it is reset.
 * @param onStall is called with each stall of at least `fromMs` milliseconds
 */
export function watchStalls(
  onStall: (ms: number) => void,
  { fromMs = 200 }: { readonly fromMs?: number } = {},
): StallWatch {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    // Of the time that a timer waits anyway, nothing is a stall.
    const ms = now - last - tickMs;
    last = now;
    if (ms < fromMs) return;
    longest = Math.max(longest, ms);
    onStall(ms);
  }, tickMs).unref();
  return { longestMs: () => longest, close: () => clearInterval(timer) };
}
