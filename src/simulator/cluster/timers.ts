/** Timers that end with the simulator: nothing fires after `clear`. */
export type Cancel = () => void;

export class Timers {
  readonly #live = new Set<NodeJS.Timeout>();
  #closed = false;

  after(ms: number, run: () => void): Cancel {
    if (this.#closed) return () => undefined;
    const timer = setTimeout(() => {
      this.#live.delete(timer);
      run();
    }, inRange(ms));
    this.#live.add(timer);
    return () => this.#drop(timer);
  }

  every(ms: number, run: () => void): Cancel {
    if (this.#closed) return () => undefined;
    const timer = setInterval(run, inRange(ms));
    this.#live.add(timer);
    return () => this.#drop(timer);
  }

  /** Resolves after `ms`; never once the simulator is closed. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  clear(): void {
    this.#closed = true;
    for (const timer of this.#live) clearTimeout(timer);
    this.#live.clear();
  }

  #drop(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#live.delete(timer);
  }
}

/** Definitions may have checks every few years; beyond this Node's timers fire at once. */
const inRange = (ms: number): number => Math.min(ms, 2 ** 31 - 1);
