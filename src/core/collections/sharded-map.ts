/**
 * An immutable map that shares what did not change with the one before it, so that a change costs the same however
 * many keys there are. Its order says nothing.
 */
const shardCount = 256;

export class ShardedMap<V> {
  readonly #shards: readonly (ReadonlyMap<string, V> | undefined)[];

  constructor(shards: readonly (ReadonlyMap<string, V> | undefined)[] = []) {
    this.#shards = shards;
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  /** @param changes undefined removes */
  with(changes: ReadonlyMap<string, V | undefined>): ShardedMap<V> {
    if (changes.size === 0) return this;
    const shards = [...this.#shards];
    const copied = new Set<number>();
    for (const [key, value] of changes) {
      const place = shardOf(key);
      const shard = copied.has(place) ? (shards[place] as Map<string, V>) : new Map(shards[place]);
      copied.add(place);
      shards[place] = shard;
      if (value === undefined) shard.delete(key);
      else shard.set(key, value);
    }
    return new ShardedMap(shards);
  }
}

/** FNV-1a. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shardCount;
}
