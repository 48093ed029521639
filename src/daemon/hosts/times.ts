/** How long the host table waits. */
/** All in milliseconds. */
export interface HostTimes {
  /** The longest that anybody waits for an answer. */
  readonly deadline: number;
  /** A lookup that takes longer than this no longer delays the next one. */
  readonly patience: number;
  /** Limits for how long an answer is valid. */
  readonly leastTtl: number;
  readonly mostTtl: number;
  /** The pause after a failure; doubled with each failure, up to the second value. */
  readonly firstRetry: number;
  readonly lastRetry: number;
  /** A name without tasks is forgotten after this time. */
  readonly keep: number;
  /** The time between checks of the files and of what is due. */
  readonly tick: number;
  /** A change waits this long before it is saved. */
  readonly save: number;
}

/** The times used outside tests. */
export const usualTimes: HostTimes = {
  deadline: 6_000,
  patience: 300,
  leastTtl: 30_000,
  mostTtl: 300_000,
  firstRetry: 1_000,
  lastRetry: 30_000,
  keep: 300_000,
  tick: 1_000,
  save: 2_000,
};

/** @throws Error if the answer takes longer */
export async function withDeadline<T>(answer: Promise<T>, ms: number): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms).unref();
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(limit);
  }
}
