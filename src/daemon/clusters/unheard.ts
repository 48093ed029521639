/**
 * Of several clusters, which ones are unknown, and which apps belong to known ones. Only those apps may lose something
 * that HAProxy serves.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { MirrorChange } from '../../marathon/sync/source.ts';

/** Tracks the clusters that have not answered. */
export class Unheard {
  readonly #onComplete: () => void;
  /** Clusters with neither an answer nor a stored mirror. */
  readonly #unknown: Set<string>;
  /** Clusters that have not answered since the start. */
  readonly #unanswered: Set<string>;
  /** Apps of known clusters, by their ids among all apps. */
  readonly #accounted = new Set<AppId>();
  #isApproved = false;

  /** @param onComplete called when every cluster has given a snapshot */
  constructor(names: readonly string[], onComplete: () => void) {
    this.#unknown = new Set(names);
    this.#unanswered = new Set(names);
    this.#onComplete = onComplete;
  }

  /** The clusters about which nothing is known. Empty after an operator has approved. */
  names(): readonly string[] {
    return this.#isApproved ? [] : [...this.#unknown];
  }

  /** Takes a change of one cluster, with ids as they are among all apps. */
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
