import { describe, expect, it } from 'vitest';
import { asAppId, type AppId } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { AppMap } from '../../../src/marathon/mirror/app-map.ts';
import { Publisher } from '../../../src/marathon/sync/publisher.ts';
import type { MirrorChange } from '../../../src/marathon/sync/source.ts';
import { app } from '../mirror-build.ts';

const ids = (count: number) => Array.from({ length: count }, (_, i) => asAppId(`/team/app${i}`));
const named = (id: AppId, fields: Partial<App> = {}) => app([], { id, ...fields });
const cause = { text: 'test', receivedAt: 1, eventTime: undefined };

describe('a map of apps', () => {
  it('can be used like any other map', () => {
    const all = ids(1_000);
    const map = new AppMap().with(new Map(all.map((id) => [id, named(id)])));
    expect(map.size).toBe(1_000);
    expect([...map.keys()].sort()).toEqual([...all].sort());
    expect([...map.values()].every((value) => map.get(value.id) === value && map.has(value.id))).toBe(true);
    expect(new Map(map).size).toBe(1_000);
    const seen: AppId[] = [];
    map.forEach((_app, id) => seen.push(id));
    expect(seen).toEqual([...map].map(([id]) => id));
    expect(map.get(asAppId('/none'))).toBeUndefined();
  });

  it('does not change when another one is made from it', () => {
    const [a, b] = ids(2) as [AppId, AppId];
    const first = new AppMap().with(new Map([[a, named(a)]]));
    const second = first.with(
      new Map([
        [a, undefined],
        [b, named(b)],
      ]),
    );
    expect([[...first.keys()], [...second.keys()]]).toEqual([[a], [b]]);
    expect([first.size, second.size]).toEqual([1, 1]);
  });
});

describe('a published change', () => {
  function publisher() {
    const changes: MirrorChange[] = [];
    return { changes, made: new Publisher((change) => changes.push(change)), current: new Map<AppId, App>() };
  }
  const [a, b] = ids(2) as [AppId, AppId];

  it('is left out if nothing differs, except for the first snapshot', () => {
    const { changes, made, current } = publisher();
    made.publish('events', current, [], cause);
    made.publish('snapshot', current, [], cause);
    made.publish('snapshot', current, [a], cause);
    expect(changes).toHaveLength(1);
  });

  it('names what was added, altered and removed', () => {
    const { changes, made, current } = publisher();
    current.set(a, named(a));
    made.publish('snapshot', current, [a], cause);
    current.set(a, named(a, { instances: 7 }));
    current.set(b, named(b));
    made.publish('events', current, [a, b], { ...cause, eventTime: 5 });
    current.delete(a);
    made.publish('events', current, [a], cause);
    expect(changes.map(({ changed, removed, eventTime }) => ({ changed, removed, eventTime }))).toEqual([
      { changed: [a], removed: [], eventTime: undefined },
      { changed: [a, b], removed: [], eventTime: 5 },
      { changed: [], removed: [a], eventTime: undefined },
    ]);
    expect(changes[1]?.apps.get(a)?.instances).toBe(7);
  });

  it('keeps the object of an app that changed and changed back', () => {
    const { changes, made, current } = publisher();
    const original = named(a);
    current.set(a, original);
    made.publish('snapshot', current, [a], cause);
    current.set(a, named(a));
    made.publish('events', current, [a], cause);
    expect(changes).toHaveLength(1);
    expect(current.get(a)).toBe(original);
  });
});
