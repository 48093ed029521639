/**
 * Runs a task on request, never twice at once. All requests during a run cause one more run. The task sees the latest
 * state, so the number of requests does not matter.
 */
export interface Coalesced {
  /** Requests a run. Returns at once. */
  readonly request: () => void;
  /** Resolves when no run is under way. A run that was requested and has not begun may begin later. */
  readonly idle: () => Promise<void>;
  /** No further runs. Resolves when the run under way has ended. */
  readonly close: () => Promise<void>;
}

/**
 * @param task must not reject
 * @param quietMs milliseconds to wait for more requests before a run, so that related changes are handled together
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
        // A timer of zero waits a millisecond. This one only lets what has already arrived be read.
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
