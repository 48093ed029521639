/**
 * Runs a task after it was asked for, never twice at once: whatever is asked meanwhile is one more run after.
 * The task sees the latest state, so how often it was asked does not matter.
 */
export interface Coalesced {
  /** Asks for a run. Returns at once. */
  readonly request: () => void;
  /** Resolves when no run is under way. One that was asked for and has not begun may begin later. */
  readonly idle: () => Promise<void>;
  /** No further runs; resolves when the one under way has ended. */
  readonly close: () => Promise<void>;
}

/**
 * @param task must not reject
 * @param quietMs how long to wait for more before a run, so that what belongs together comes together
 */
export function coalesce(task: () => Promise<void>, quietMs: number): Coalesced {
  let wanted = false;
  let closed = false;
  let running: Promise<void> | undefined;
  let current: Promise<void> | undefined;
  let wake: (() => void) | undefined;

  const loop = async () => {
    while (wanted && !closed) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        // A timer of zero is one of a millisecond; this one lets what has arrived already be read.
        if (quietMs === 0) setImmediate(resolve);
        else setTimeout(resolve, quietMs);
      });
      wanted = false;
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
      if (!closed) await (current = task());
    }
    running = undefined;
  };

  return {
    request: () => {
      wanted = true;
      running ??= loop();
    },
    idle: async () => {
      await current;
    },
    close: async () => {
      closed = true;
      wake?.();
      await running;
    },
  };
}
