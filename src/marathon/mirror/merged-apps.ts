/**
 * The apps of several clusters as one mirror. The cluster that is listed first has its ids; an app of a later one
 * whose id an earlier one has too is called `/<cluster>/<id>`, whatever came first. It must not know how apps are
 * come by.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { AppMap } from './app-map.ts';
import type { MirrorChange } from './source-types.ts';

interface Cluster {
  readonly name: string;
  apps: ReadonlyMap<AppId, App>;
  /** What each of its apps is called among all. */
  readonly called: Map<AppId, AppId>;
  /** What some of them were called before: counts while a cluster that is listed earlier has said nothing. */
  readonly remembered: ReadonlyMap<AppId, AppId>;
  heard: boolean;
}

export class MergedApps {
  readonly #clusters: readonly Cluster[];
  /** Apps under other names: the same app gives the same object. */
  readonly #renamed = new WeakMap<App, App>();
  #merged = new AppMap();

  /** `remembered`: by cluster, what its apps were called where that was not their id. */
  constructor(names: readonly string[], remembered: readonly ReadonlyMap<AppId, AppId>[] = []) {
    this.#clusters = names.map((name, index) => ({
      ...{ name, apps: new AppMap(), called: new Map(), heard: false },
      remembered: remembered[index] ?? new Map<AppId, AppId>(),
    }));
  }

  get apps(): ReadonlyMap<AppId, App> {
    return this.#merged;
  }

  /** What an app of the cluster with this index is called. */
  nameOf(index: number, id: AppId): AppId {
    return this.#clusters[index]?.called.get(id) ?? id;
  }

  /** What apps of the cluster with this index are called, where that is not their id. */
  renamed(index: number): Readonly<Record<string, string>> {
    const called = this.#clusters[index]?.called ?? new Map<AppId, AppId>();
    return Object.fromEntries([...called].filter(([id, name]) => id !== name));
  }

  /** A cluster's change as one of the whole. */
  put(index: number, news: MirrorChange): MirrorChange {
    const cluster = this.#clusters[index];
    if (cluster === undefined) throw new RangeError(`there is no cluster ${index}`);
    cluster.apps = news.apps;
    // What it has not may go by its own id elsewhere from now on.
    const settled = cluster.heard
      ? []
      : this.#clusters.slice(index + 1).flatMap((one) => [...one.remembered.keys()]);
    cluster.heard = true;
    const touched = this.#withSameNames([...news.changed, ...news.removed, ...settled]);
    const changes = new Map<AppId, App | undefined>();
    // First all that goes: a name may pass from one to another.
    for (const { called } of this.#clusters) {
      for (const id of touched) {
        const name = called.get(id);
        if (name !== undefined) changes.set(name, undefined);
        called.delete(id);
      }
    }
    for (const [place, { apps, called }] of this.#clusters.entries()) {
      for (const id of touched) {
        const app = apps.get(id);
        if (app === undefined) continue;
        const name = this.#nameFor(place, id);
        called.set(id, name);
        changes.set(name, this.#as(name, app));
      }
    }
    for (const [name, app] of changes) if (this.#merged.get(name) === app) changes.delete(name);
    const removed = [...changes].flatMap(([name, app]) => (app === undefined ? [name] : []));
    const changed = [...changes].flatMap(([name, app]) => (app === undefined ? [] : [name]));
    this.#merged = this.#merged.with(changes);
    return { ...news, apps: this.#merged, changed, removed, cause: `${cluster.name}: ${news.cause}` };
  }

  #nameFor(place: number, id: AppId): AppId {
    const earlier = this.#clusters.slice(0, place);
    if (!earlier.some(({ apps }) => apps.has(id))) {
      const before = this.#clusters[place]?.remembered.get(id);
      return before !== undefined && earlier.some(({ heard }) => !heard) ? before : id;
    }
    const name = this.#clusters[place]?.name ?? '';
    const longer = `/${name}${id}` as AppId;
    // Somebody may have an app of that very name. [marathon] no id of an app has a `_`
    return this.#clusters.some(({ apps }) => apps.has(longer)) ? (`/_${name}${id}` as AppId) : longer;
  }

  /** With the ids whose longer names they are. */
  #withSameNames(ids: readonly AppId[]): Set<AppId> {
    const all = new Set(ids);
    for (const id of ids) {
      for (const { name } of this.#clusters) {
        if (id.startsWith(`/${name}/`)) all.add(id.slice(name.length + 1) as AppId);
      }
    }
    return all;
  }

  #as(id: AppId, app: App): App {
    if (app.id === id) return app;
    const known = this.#renamed.get(app);
    if (known?.id === id) return known;
    const renamed = { ...app, id, tasks: app.tasks.map((task) => ({ ...task, appId: id })) };
    this.#renamed.set(app, renamed);
    return renamed;
  }
}
