/**
 * Time that passes only when a test says so. Timers fire in the order of their times, and between two of them all
 * promises settle, so a run is the same each time. Nothing here waits for real time.
 */

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

export class VirtualClock {
  #now: number;
  #order = 0;
  /** Sorted: the next one is last. */
  readonly #timers: Timer[] = [];

  /** @param start milliseconds since the epoch */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  /** Milliseconds since the epoch. Bound, so that it can be passed as a function. */
  readonly now = (): number => this.#now;

  /** Resolves after so many milliseconds; rejects with the signal's reason when it aborts first. */
  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      const abort = () => {
        cancel();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
    });

  /** Calls back after so many milliseconds. @returns what cancels it */
  readonly after = (ms: number, fire: () => void): (() => void) => {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire };
    let place = this.#timers.length;
    while (place > 0 && isBefore(this.#timers[place - 1], timer)) place--;
    this.#timers.splice(place, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  };

  /** As `after`, the way the pipeline takes it. */
  readonly later = (fire: () => void, ms: number): (() => void) => this.after(ms, fire);

  /** Lets so many milliseconds pass, and all that happens in them. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#timers.at(-1); next !== undefined && next.at <= end; next = this.#timers.at(-1)) {
      await this.#fire(next);
    }
    this.#now = end;
  }

  /**
   * Lets time pass from timer to timer until something holds.
   * @param withinMs how much time may pass
   * @returns whether it holds
   */
  async until(holds: () => boolean, withinMs: number): Promise<boolean> {
    const end = this.#now + withinMs;
    for (;;) {
      await settled();
      if (holds()) return true;
      const next = this.#timers.at(-1);
      if (next === undefined || next.at > end) return false;
      await this.#fire(next);
    }
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.length;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.splice(this.#timers.indexOf(timer), 1);
    this.#now = Math.max(this.#now, timer.at);
    timer.fire();
    await settled();
  }
}

const isBefore = (one: Timer | undefined, other: Timer): boolean =>
  one !== undefined && (one.at < other.at || (one.at === other.at && one.order < other.order));

/** Resolves when no promise is left that can go on without a timer or the outside. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
