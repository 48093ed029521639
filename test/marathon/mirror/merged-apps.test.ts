import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asAppId, type AppId } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { AppMap } from '../../../src/marathon/mirror/app-map.ts';
import { MergedApps } from '../../../src/marathon/mirror/merged-apps.ts';
import type { MirrorChange } from '../../../src/marathon/sync/source.ts';
import { anApp, aTask } from '../../support/apps.ts';

const names = ['east', 'west', 'north'];

/** A cluster as its mirror tells it. */
class Mirror {
  #apps = new AppMap();

  set(id: string, app: App | undefined): MirrorChange {
    const before = this.#apps;
    this.#apps = before.with(new Map([[asAppId(id), app]]));
    return {
      ...{ kind: 'events', cause: `a test ${id}`, receivedAt: 0 },
      apps: this.#apps,
      changed: app === undefined ? [] : [asAppId(id)],
      removed: app === undefined && before.has(asAppId(id)) ? [asAppId(id)] : [],
    };
  }
}

const app = (id: string, version = '1') => anApp(id, { version, tasks: [aTask(id, 1)] });
const versions = ({ apps }: { apps: ReadonlyMap<AppId, App> }) =>
  Object.fromEntries([...apps].map(([id, { version }]): [string, string] => [id, version]).sort());

describe('the apps of several clusters', () => {
  it('keep their ids if only one has them; otherwise the first listed cluster keeps it, in any order of arrival', () => {
    const [east, west] = [new Mirror(), new Mirror()];
    const merged = new MergedApps(names);
    merged.put(1, west.set('/web', app('/web', 'west')));
    merged.put(1, west.set('/only-west', app('/only-west', 'west')));
    expect(versions(merged)).toEqual({ '/web': 'west', '/only-west': 'west' });
    const news = merged.put(0, east.set('/web', app('/web', 'east')));
    expect(versions(merged)).toEqual({ '/web': 'east', '/west/web': 'west', '/only-west': 'west' });
    expect([[...news.changed].sort(), news.removed, news.cause]).toEqual([
      ['/web', '/west/web'],
      [],
      'east: a test /web',
    ]);
    expect(merged.apps.get(asAppId('/west/web'))?.tasks[0]).toMatchObject({
      appId: '/west/web',
      id: 'web.instance-1._app.1',
    });
    expect(merged.nameOf(1, asAppId('/web'))).toBe('/west/web');
    const gone = merged.put(0, east.set('/web', undefined));
    expect(versions(merged)).toEqual({ '/web': 'west', '/only-west': 'west' });
    expect([gone.changed, gone.removed]).toEqual([['/web'], ['/west/web']]);
  });

  it('keep their objects while nothing changes, under other names too', () => {
    const [east, west] = [new Mirror(), new Mirror()];
    const merged = new MergedApps(names);
    const own = app('/web', 'west');
    merged.put(1, west.set('/web', own));
    merged.put(0, east.set('/web', app('/web', 'east')));
    const before = merged.apps.get(asAppId('/west/web'));
    const news = merged.put(1, west.set('/web', own));
    expect([news.changed, news.removed]).toEqual([[], []]);
    expect(merged.apps.get(asAppId('/west/web'))).toBe(before);
  });

  it('never hide an app whose own id is the longer name', () => {
    const [east, west] = [new Mirror(), new Mirror()];
    const merged = new MergedApps(names);
    merged.put(0, east.set('/web', app('/web', 'east')));
    merged.put(1, west.set('/web', app('/web', 'west')));
    merged.put(0, east.set('/west/web', app('/west/web', 'real')));
    expect(versions(merged)).toEqual({ '/web': 'east', '/west/web': 'real', '/_west/web': 'west' });
    merged.put(0, east.set('/west/web', undefined));
    expect(versions(merged)).toEqual({ '/web': 'east', '/west/web': 'west' });
  });

  it('are the same however their changes are interleaved, and exactly what differs is reported as changed', () => {
    const ids = ['/a', '/b', '/east/a', '/west/a', '/west/west/a', '/north/b'];
    const step = fc.record({
      cluster: fc.nat(names.length - 1),
      id: fc.constantFrom(...ids),
      version: fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const mirrors = names.map(() => new Mirror());
        const merged = new MergedApps(names);
        let told = new Map<AppId, App>();
        for (const { cluster, id, version } of steps) {
          const own = version === undefined ? undefined : app(id, `${cluster} ${version}`);
          const news = merged.put(cluster, mirrors[cluster]!.set(id, own));
          told = new Map(told);
          for (const gone of news.removed) {
            expect(told.delete(gone)).toBe(true);
          }
          for (const changed of news.changed) told.set(changed, news.apps.get(changed)!);
          expect(new Map(news.apps)).toEqual(told);
        }
        // Cluster by cluster, last words only.
        const again = new MergedApps(names);
        names.forEach((_, cluster) => {
          const last = new Mirror();
          for (const id of ids) {
            const word = steps.findLast((one) => one.cluster === cluster && one.id === id);
            if (word?.version !== undefined)
              again.put(cluster, last.set(id, app(id, `${cluster} ${word.version}`)));
          }
        });
        expect(versions(again)).toEqual(versions(merged));
        expect(merged.apps.size).toBe(
          new Set(steps.map(({ cluster, id }) => `${cluster} ${id}`)).size - countGone(steps),
        );
      }),
    );
  });
});

function countGone(steps: readonly { cluster: number; id: string; version: string | undefined }[]): number {
  const last = new Map(steps.map(({ cluster, id, version }) => [`${cluster} ${id}`, version]));
  return [...last.values()].filter((version) => version === undefined).length;
}
