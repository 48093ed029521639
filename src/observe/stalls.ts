/**
 * Watches for stalls of the event loop: while one piece of work runs, no event is handled and no request is answered.
 */

/** The running watch. */
export interface StallWatch {
  /** Milliseconds; 0 if there was none. */
  readonly longestMs: () => number;
  readonly close: () => void;
}

/** Milliseconds between two checks of the clock. */
const tickMs = 20;

/**
 * Uses a timer, because the histogram of perf_hooks loses a stall that is under way when it is reset.
 * @param onStall called for each stall of at least `fromMs` milliseconds
 */
export function watchStalls(
  onStall: (ms: number) => void,
  { fromMs = 200 }: { readonly fromMs?: number } = {},
): StallWatch {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    // The time that a timer waits anyway is no stall.
    const ms = now - last - tickMs;
    last = now;
    if (ms < fromMs) return;
    longest = Math.max(longest, ms);
    onStall(ms);
  }, tickMs).unref();
  return { longestMs: () => longest, close: () => clearInterval(timer) };
}
