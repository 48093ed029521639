/** Merges the events of one chunk into one change: all of them are applied before microtasks run. */
import type { Cause } from './refetch.ts';

/** Collects causes, and hands out one for all of them in a microtask. */
export class Batch {
  readonly #handOut: (cause: Cause) => void;
  #causes: Cause[] = [];

  constructor(handOut: (cause: Cause) => void) {
    this.#handOut = handOut;
  }

  add(cause: Cause): void {
    this.#causes.push(cause);
    if (this.#causes.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const [first] = this.#causes;
    const more = this.#causes.length - 1;
    this.#causes = [];
    if (first === undefined) return;
    this.#handOut({ ...first, text: more === 0 ? first.text : `${first.text} and ${more} more` });
  }
}
