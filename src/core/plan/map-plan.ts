/** The changes of one map: from what HAProxy has to the desired entries. */
import type { RouteEntry } from '../routing/routes.ts';

/** An entry that HAProxy has. */
export interface RunningEntry {
  /** HAProxy's own reference to the entry. */
  readonly ref: string;
  readonly key: string;
  readonly value: string;
}

/** How to change a map. */
export type MapPlan =
  | { readonly kind: 'none' }
  /** Additions first, then deletions, so that a key that moves always has a value. */
  | { readonly kind: 'edit'; readonly add: readonly RouteEntry[]; readonly remove: readonly string[] }
  /** So much differs that a new version of the map is written and switched to. */
  | { readonly kind: 'swap'; readonly entries: readonly RouteEntry[] };

/** From this many differences on, a swap costs less than edits. */
const manyEdits = 200;

/** The cheapest way to change the map. */
export function planMap(running: readonly RunningEntry[], desired: readonly RouteEntry[]): MapPlan {
  const missing = new Map(desired.map((entry) => [entry.key, entry]));
  const remove: string[] = [];
  for (const { ref, key, value } of running) {
    // Of two entries with the same key the first one counts; the other is a leftover.
    if (missing.get(key)?.backend === value) missing.delete(key);
    else remove.push(ref);
  }
  const add = [...missing.values()];
  if (add.length + remove.length === 0) return { kind: 'none' };
  return add.length + remove.length > manyEdits
    ? { kind: 'swap', entries: desired }
    : { kind: 'edit', add, remove };
}
