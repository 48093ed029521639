/** Lists in labels: an odd item costs that item, and the others count. */
import { parsed, rejected, type OddItem, type Parsed } from './parsed.ts';

/** Odd items that are named one by one; the last one says how many more there are. */
export const mostNamed = 10;

/** What one item stands for: a value, perhaps with a remark, or what is wrong with it. */
export type Item<T> =
  | { readonly value: T; readonly odd?: Omit<OddItem, 'severity'> }
  | { readonly wrong: Omit<OddItem, 'severity'> };

/**
 * Each value once. A list of which nothing can be used is wrong as a whole: a service without any host, path or
 * network would get other requests than it asked for.
 */
export function readList<T>(items: readonly Item<T>[]): Parsed<readonly T[]> {
  const values = new Set<T>();
  const odd: OddItem[] = [];
  for (const item of items) {
    if ('wrong' in item) odd.push({ severity: 'error', ...item.wrong });
    else {
      values.add(item.value);
      if (item.odd !== undefined) odd.push({ severity: 'warning', ...item.odd });
    }
  }
  const [first] = odd;
  if (values.size === 0 && first !== undefined) return rejected(first.reason, first.remedy);
  return parsed([...values], named(odd));
}

/** Errors first, so that the many remarks of a list hide none. */
function named(odd: readonly OddItem[]): readonly OddItem[] {
  const sorted = [...odd].sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
  if (sorted.length <= mostNamed) return sorted;
  const more = ` (so much for the first ${mostNamed} of ${sorted.length} odd items)`;
  return sorted
    .slice(0, mostNamed)
    .map((it, i) => (i === mostNamed - 1 ? { ...it, reason: `${it.reason}${more}` } : it));
}
