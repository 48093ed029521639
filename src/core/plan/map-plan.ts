/** The entries of one map: from what HAProxy has to what is desired. */
import type { RouteEntry } from '../routing/routes.ts';

export interface RunningEntry {
  /** HAProxy's own name of the entry. */
  readonly ref: string;
  readonly key: string;
  readonly value: string;
}

export type MapPlan =
  | { readonly kind: 'none' }
  /** Added first and deleted then, so that a key that moves is never without a value. */
  | { readonly kind: 'edit'; readonly add: readonly RouteEntry[]; readonly remove: readonly string[] }
  /** So much differs that a whole new version is made and switched to. */
  | { readonly kind: 'swap'; readonly entries: readonly RouteEntry[] };

/** From so many differences on, a swap costs less than edits. */
const manyEdits = 200;

export function planMap(running: readonly RunningEntry[], desired: readonly RouteEntry[]): MapPlan {
  const missing = new Map(desired.map((entry) => [entry.key, entry]));
  const remove: string[] = [];
  for (const { ref, key, value } of running) {
    // Of two entries with one key the first counts, and the other is somebody's leftover.
    if (missing.get(key)?.backend === value) missing.delete(key);
    else remove.push(ref);
  }
  const add = [...missing.values()];
  if (add.length + remove.length === 0) return { kind: 'none' };
  return add.length + remove.length > manyEdits
    ? { kind: 'swap', entries: desired }
    : { kind: 'edit', add, remove };
}
