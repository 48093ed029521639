/** A map with a few values replaced, without a copy of all the others: what one event changes must not cost what all apps weigh. */

/** So many replaced values are kept aside before a whole new map is made. */
const mostAside = 64;

/** The same keys in the same order. @throws Error for a key that `map` does not have */
export function withReplaced<K, V>(map: ReadonlyMap<K, V>, values: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (values.size === 0) return map;
  for (const key of values.keys())
    if (!map.has(key)) throw new Error(`no such key to replace: ${String(key)}`);
  const [base, before] = map instanceof ReplacedMap ? map.parts() : [map, new Map<K, V>()];
  const aside = new Map([...before, ...values]);
  return aside.size > mostAside ? new Map(new ReplacedMap(base, aside)) : new ReplacedMap(base, aside);
}

class ReplacedMap<K, V> implements ReadonlyMap<K, V> {
  readonly #base: ReadonlyMap<K, V>;
  readonly #aside: ReadonlyMap<K, V>;

  constructor(base: ReadonlyMap<K, V>, aside: ReadonlyMap<K, V>) {
    this.#base = base;
    this.#aside = aside;
  }

  parts(): [ReadonlyMap<K, V>, ReadonlyMap<K, V>] {
    return [this.#base, this.#aside];
  }

  get size(): number {
    return this.#base.size;
  }

  get(key: K): V | undefined {
    return this.#aside.has(key) ? this.#aside.get(key) : this.#base.get(key);
  }

  has(key: K): boolean {
    return this.#base.has(key);
  }

  keys(): MapIterator<K> {
    return this.#base.keys();
  }

  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#base)
      yield [key, this.#aside.has(key) ? (this.#aside.get(key) as V) : value];
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }
}
