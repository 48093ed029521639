/**
 * An immutable map of apps that shares what did not change with the one before it, so that a change costs the
 * same whether there are a hundred apps or ten thousand. It must not know why apps change.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';

const shardCount = 256;
const empty: ReadonlyMap<AppId, App> = new Map();

export class AppMap implements ReadonlyMap<AppId, App> {
  readonly size: number;
  readonly #shards: readonly ReadonlyMap<AppId, App>[];

  /** The map itself where it is one of these. */
  static of(apps: ReadonlyMap<AppId, App>): AppMap {
    return apps instanceof AppMap ? apps : new AppMap().with(apps);
  }

  constructor(shards: readonly ReadonlyMap<AppId, App>[] = Array.from({ length: shardCount }, () => empty)) {
    this.#shards = shards;
    this.size = shards.reduce((sum, shard) => sum + shard.size, 0);
  }

  get(id: AppId): App | undefined {
    return this.#shards[shardOf(id)]?.get(id);
  }

  has(id: AppId): boolean {
    return this.get(id) !== undefined;
  }

  /** Undefined removes. */
  with(changes: ReadonlyMap<AppId, App | undefined>): AppMap {
    const copies = new Map<number, Map<AppId, App>>();
    for (const [id, app] of changes) {
      const place = shardOf(id);
      const copy = copies.get(place) ?? new Map(this.#shards[place]);
      copies.set(place, copy);
      if (app === undefined) copy.delete(id);
      else copy.set(id, app);
    }
    return new AppMap(this.#shards.map((shard, place) => copies.get(place) ?? shard));
  }

  *entries(): Generator<[AppId, App], undefined, unknown> {
    for (const shard of this.#shards) yield* shard.entries();
  }

  *keys(): Generator<AppId, undefined, unknown> {
    for (const shard of this.#shards) yield* shard.keys();
  }

  *values(): Generator<App, undefined, unknown> {
    for (const shard of this.#shards) yield* shard.values();
  }

  [Symbol.iterator](): Generator<[AppId, App], undefined, unknown> {
    return this.entries();
  }

  forEach(callback: (app: App, id: AppId, map: ReadonlyMap<AppId, App>) => void): void {
    for (const [id, app] of this) callback(app, id, this);
  }
}

/** FNV-1a. */
function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shardCount;
}
