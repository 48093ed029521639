/** How long the host table waits for what. */
/** All in milliseconds. */
export interface HostTimes {
  /** Nobody waits longer for an answer. */
  readonly deadline: number;
  /** A question that takes longer no longer keeps the next one from being asked. */
  readonly patience: number;
  /** Limits of how long an answer holds. */
  readonly leastTtl: number;
  readonly mostTtl: number;
  /** After a failure; doubled with each one, up to the second. */
  readonly firstRetry: number;
  readonly lastRetry: number;
  /** A name that no task has any more is forgotten after this time. */
  readonly keep: number;
  /** Between looks at the files and at what is due. */
  readonly tick: number;
  /** That a change waits to be saved. */
  readonly save: number;
}

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

/** @throws Error where the answer takes longer */
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
