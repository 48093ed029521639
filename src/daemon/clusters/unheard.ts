/**
 * Which of several clusters nothing is known of, and which apps are known to be of the others: only of these may
 * something be taken from what HAProxy serves. It must not know what is served.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { MirrorChange } from '../../marathon/sync/source.ts';

export class Unheard {
  readonly #onComplete: () => void;
  /** Neither an answer nor a stored mirror. */
  readonly #unknown: Set<string>;
  /** No answer since the start. */
  readonly #unanswered: Set<string>;
  /** Ids among those of all. */
  readonly #accounted = new Set<AppId>();
  #isApproved = false;

  /** `onComplete`: Marathon has given a snapshot of each. */
  constructor(names: readonly string[], onComplete: () => void) {
    this.#unknown = new Set(names);
    this.#unanswered = new Set(names);
    this.#onComplete = onComplete;
  }

  /** Nothing is known of these, unless an operator has said that there is nothing to know. */
  names(): readonly string[] {
    return this.#isApproved ? [] : [...this.#unknown];
  }

  /** A cluster's change, as one of the whole. */
  heard(name: string, { kind, changed, removed }: MirrorChange): void {
    this.#unknown.delete(name);
    if (this.#unknown.size > 0) for (const id of [...changed, ...removed]) this.#accounted.add(id);
    else this.#accounted.clear();
    if (kind !== 'snapshot' || !this.#unanswered.delete(name) || this.#unanswered.size > 0) return;
    this.#onComplete();
  }

  accountsFor(id: AppId): boolean {
    return this.names().length === 0 || this.#accounted.has(id);
  }

  approve(): void {
    this.#isApproved = true;
  }
}
