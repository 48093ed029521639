/**
 * Counts what a full answer shows that the events had not told: the proof that following them suffices. An
 * answer may also run ahead of the stream, so a difference counts only if no event explains it soon after.
 * Time and order are given. It must not know events.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { differ } from './merge.ts';

const settleMs = 3_000;

export class Drift {
  #differences = 0;
  /** Apps that were found different, and when. */
  readonly #suspects = new Map<AppId, { readonly order: number; readonly since: number }>();
  readonly #touched = new Map<AppId, number>();

  /** An event or a plan has named the app. */
  touched(id: AppId, order: number): void {
    this.#touched.set(id, order);
    const suspect = this.#suspects.get(id);
    if (suspect !== undefined && suspect.order < order) this.#suspects.delete(id);
  }

  compare(before: ReadonlyMap<AppId, App>, after: ReadonlyMap<AppId, App>, order: number, now: number): void {
    for (const [id, app] of after) if (differ(before.get(id), app)) this.#suspect(id, order, now);
    for (const id of before.keys()) if (!after.has(id)) this.#suspect(id, order, now);
    for (const [id, touched] of this.#touched) if (touched <= order) this.#touched.delete(id);
  }

  /** The number of differences that nothing explained, up to now. */
  settle(now: number): number {
    for (const [id, { since }] of this.#suspects) {
      if (now - since < settleMs) continue;
      this.#suspects.delete(id);
      this.#differences++;
    }
    return this.#differences;
  }

  clear(): void {
    this.#suspects.clear();
    this.#touched.clear();
  }

  #suspect(id: AppId, order: number, now: number): void {
    if ((this.#touched.get(id) ?? 0) > order) return;
    this.#suspects.set(id, { order, since: now });
  }
}
