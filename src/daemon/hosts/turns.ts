/** Limits how many lookups start at a time, so that many names at once do not flood the resolver. */
export interface Turns {
  /** @param rank lower ranks go first */
  readonly take: (rank: 0 | 1 | 2, work: () => Promise<void>) => void;
}

/** Lookups that are under way and not slow yet. */
const atOnce = 256;
/** Lookups that are under way, slow ones included: each costs a few hundred bytes and a timer. */
const atMost = 1024;

/** @param patienceMs work that takes longer than this many milliseconds makes room for the next, and continues */
export function turns(patienceMs: number): Turns {
  const queues: (() => Promise<void>)[][] = [[], [], []];
  let quick = 0;
  let running = 0;
  const next = () => {
    while (quick < atOnce && running < atMost) {
      const work = queues.find((queue) => queue.length > 0)?.shift();
      if (work === undefined) return;
      quick += 1;
      running += 1;
      let isQuick = true;
      const makeRoom = () => {
        if (isQuick) quick -= 1;
        isQuick = false;
        next();
      };
      const timer = setTimeout(makeRoom, patienceMs).unref();
      void work().finally(() => {
        clearTimeout(timer);
        running -= 1;
        makeRoom();
      });
    }
  };
  return {
    take: (rank, work) => {
      queues[rank]?.push(work);
      next();
    },
  };
}
