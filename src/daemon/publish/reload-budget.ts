/**
 * How often HAProxy may be reloaded: a burst, then one reload per interval. Old workers that still drain use memory.
 */
export interface ReloadBudget {
  /**
   * Milliseconds until the next reload may happen; 0: now.
   * @param oldWorkers number of workers that still finish old connections; each one makes the next reload wait one
   * interval longer
   */
  readonly waitMs: (now: number, oldWorkers: number) => number;
  /** Counts a reload. */
  readonly spend: (now: number) => void;
}

/**
 * @param burst reloads that may follow each other at once
 * @param spacingMs milliseconds until one more reload is allowed
 */
export function reloadBudget(burst: number, spacingMs: number): ReloadBudget {
  let tokens = burst;
  let filledAt = 0;
  const fill = (now: number) => {
    if (spacingMs === 0) tokens = burst;
    else tokens = Math.min(burst, tokens + Math.max(0, now - filledAt) / spacingMs);
    filledAt = now;
  };
  return {
    waitMs: (now, oldWorkers) => {
      fill(now);
      return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * spacingMs * (1 + oldWorkers));
    },
    spend: (now) => {
      fill(now);
      tokens = Math.max(0, tokens - 1);
    },
  };
}
