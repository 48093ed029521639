import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppId } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { createRemovalGuard, type RemovalGuardOptions } from '../../../src/daemon/clusters/removal-guard.ts';
import type { MirrorChange } from '../../../src/marathon/sync/source.ts';
import { anApp, aTask } from '../../support/apps.ts';

const context = {
  groups: ['external'],
  health: { respectHealth: true, unreachable: 'keep' as const, mode: 'all' as const },
};
let time = 0;

beforeEach(() => {
  time = 1_000_000;
});

/** An app with tasks of these numbers, each on an agent of its own. */
const app = (id: string, numbers: readonly number[], parts: Partial<App> = {}): App =>
  anApp(id, { tasks: numbers.map((n) => aTask(id, n)), ...parts });

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

/** A guard, Marathon's word for it, and what it passes on. */
function guarding(options: Partial<RemovalGuardOptions> = {}) {
  let apps = new Map<AppId, App>();
  const passed: MirrorChange[] = [];
  const asked: string[] = [];
  const releases: string[] = [];
  const guard = createRemovalGuard({
    ...{ context, maxShare: 0.5, floor: 3, pauseMs: 30_000, now: () => 0, elapsed: () => time },
    pass: (news) => passed.push(news),
    ask: (reason) => asked.push(reason),
    onWithheld: () => undefined,
    onReleased: (_, why) => releases.push(why),
    ...options,
  });
  const put = (kind: MirrorChange['kind'], next: readonly App[], gone: readonly string[] = []) => {
    apps = new Map(apps);
    for (const one of next) apps.set(one.id, one);
    for (const id of gone) apps.delete(id as AppId);
    const changed = next.map(({ id }) => id);
    guard.put({ kind, apps, changed, removed: gone as AppId[], cause: kind, receivedAt: time });
  };
  return {
    ...guard,
    passed,
    asked,
    releases,
    truth: () => apps,
    /** The whole of Marathon's state. */
    snapshot: (...all: App[]) => {
      const ids = new Set<string>(all.map(({ id }) => id));
      put(
        'snapshot',
        all,
        [...apps.keys()].filter((id) => !ids.has(id)),
      );
    },
    events: (next: readonly App[], gone: readonly string[] = []) => put('events', next, gone),
    stored: (...all: App[]) => put('stored', all),
    applied: () => passed.at(-1)?.apps ?? new Map<AppId, App>(),
  };
}

const ids = (apps: ReadonlyMap<AppId, App>) =>
  Object.fromEntries([...apps.values()].map(({ id, tasks }) => [id, tasks.map((task) => task.id).length]));

describe('a removal that is too large', () => {
  test('in one snapshot is withheld, and what the snapshot adds is applied at once', () => {
    const guard = guarding();
    guard.snapshot(app('/a', range(1, 6)), app('/b', range(11, 4)));
    guard.snapshot(app('/a', [1]), app('/new', [21, 22]));
    expect(ids(guard.applied())).toEqual({ '/a': 6, '/b': 4, '/new': 2 });
    expect(guard.withheld()).toMatchObject({ servers: 9, apps: 1, of: { servers: 10, apps: 2 } });
  });

  test('in a burst of events is withheld from the event that exceeds the limit on', () => {
    const guard = guarding();
    guard.snapshot(app('/a', range(1, 10)));
    for (let left = 9; left >= 0; left--) guard.events([app('/a', range(1, left))]);
    expect(ids(guard.applied())).toEqual({ '/a': 5 });
    expect(guard.withheld()).toMatchObject({ servers: 10, of: { servers: 10 } });
  });

  test('is applied if it happens slowly', () => {
    const guard = guarding();
    guard.snapshot(app('/a', range(1, 10)));
    for (let left = 9; left >= 0; left--) {
      time += 6_000;
      guard.events([app('/a', range(1, left))]);
    }
    expect(ids(guard.applied())).toEqual({ '/a': 0 });
  });

  test('is also withheld if it concerns few servers but most apps', () => {
    const guard = guarding();
    const small = range(1, 6).map((n) => app(`/small-${n}`, [n]));
    guard.snapshot(app('/big', range(11, 90)), ...small);
    guard.snapshot(app('/big', range(11, 90)));
    expect(guard.withheld()).toMatchObject({ servers: 6, apps: 6, of: { apps: 7 } });
    expect(guard.applied().size).toBe(7);
  });

  test('does not count tasks that are replaced or that never served here', () => {
    const guard = guarding();
    const other = app('/other', range(50, 50), { labels: {} });
    guard.snapshot(app('/a', range(1, 10)), other);
    guard.events([app('/a', range(21, 10))], ['/other']);
    expect(guard.withheld()).toBeUndefined();
    expect(guard.applied()).toBe(guard.passed.at(-1)?.apps);
    expect([...guard.applied().keys()]).toEqual(['/a']);
  });

  test('is applied at once in a small cluster, except by a snapshot that leaves nothing', () => {
    const guard = guarding();
    guard.snapshot(app('/a', [1]), app('/b', [2, 3]));
    guard.events([], ['/b']);
    expect(ids(guard.applied())).toEqual({ '/a': 1 });
    time += 60_000;
    guard.snapshot();
    expect(ids(guard.applied())).toEqual({ '/a': 1 });
    expect(guard.withheld()).toMatchObject({ servers: 1 });
  });

  test('is withheld even if the tasks are listed but may no longer serve', () => {
    const guard = guarding();
    const check = { healthChecks: [{ ...anApp('/x').healthChecks[0]! }] };
    const well = (alive: boolean) =>
      anApp('/a', { ...check, tasks: range(1, 8).map((n) => aTask('/a', n, { alive: [alive] })) });
    guard.snapshot(well(true));
    guard.snapshot(well(false));
    expect(guard.withheld()).toMatchObject({ servers: 8 });
    expect(
      guard
        .applied()
        .get('/a' as AppId)
        ?.tasks.every(({ alive }) => alive[0]),
    ).toBe(true);
  });

  test('is applied at once if Marathon had announced the end of each task', () => {
    const guard = guarding();
    const leaving = anApp('/a', { tasks: range(1, 10).map((n) => aTask('/a', n, { leaving: n > 1 })) });
    guard.snapshot(app('/a', range(1, 10)));
    guard.events([leaving]);
    guard.events([app('/a', [1])]);
    expect(ids(guard.applied())).toEqual({ '/a': 1 });
    // One that had been announced goes with those that are held.
    guard.events([app('/b', range(11, 10))]);
    time += 60_000;
    guard.events([anApp('/b', { tasks: range(11, 10).map((n) => aTask('/b', n, { leaving: n === 11 })) })]);
    guard.snapshot();
    expect(ids(guard.applied())).toEqual({ '/a': 1, '/b': 9 });
  });

  test('is compared with the stored mirror when the first snapshot arrives', () => {
    const guard = guarding();
    guard.stored(app('/a', range(1, 10)));
    guard.snapshot();
    expect(ids(guard.applied())).toEqual({ '/a': 10 });
  });

  test('is applied at once with a share of 100 %', () => {
    const guard = guarding({ maxShare: 1 });
    guard.snapshot(app('/a', range(1, 10)));
    guard.snapshot();
    expect(guard.applied().size).toBe(0);
  });
});

describe('a withheld removal', () => {
  const held = (options: Partial<RemovalGuardOptions> = {}) => {
    const guard = guarding(options);
    guard.snapshot(app('/a', range(1, 8)), app('/b', range(11, 2)));
    guard.snapshot(app('/b', range(11, 2)));
    return guard;
  };

  test('is applied after a snapshot that was requested after the pause, not before', () => {
    const guard = held();
    time += 29_000;
    guard.confirmed(time);
    expect(ids(guard.applied())).toEqual({ '/a': 8, '/b': 2 });
    time += 2_000;
    guard.confirmed(time);
    expect(ids(guard.applied())).toEqual({ '/b': 2 });
    expect(guard.passed.at(-1)).toMatchObject({ changed: [], removed: ['/a'] });
    expect(guard.releases).toEqual(['a second snapshot confirms it']);
    expect(guard.withheld()).toBeUndefined();
  });

  test('causes the request of a snapshot when the pause is over', () => {
    vi.useFakeTimers();
    try {
      const guard = held();
      vi.advanceTimersByTime(29_999);
      expect(guard.asked).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(guard.asked).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is applied once when an operator approves it', () => {
    const guard = held();
    expect(guard.approve()).toMatchObject({ servers: 8, of: { servers: 10 } });
    expect(ids(guard.applied())).toEqual({ '/b': 2 });
    expect(guard.approve()).toBeUndefined();
    guard.close();
  });

  test('ends when Marathon lists the tasks again', () => {
    const guard = held();
    guard.snapshot(app('/a', range(1, 8)), app('/b', range(11, 2)));
    expect(guard.releases).toEqual(['Marathon lists it again']);
    expect(guard.applied()).toBeDefined();
    expect(ids(guard.applied())).toEqual({ '/a': 8, '/b': 2 });
    guard.close();
  });

  test('by a snapshot stays withheld when some of the tasks come back, however few are still missing', () => {
    const guard = guarding();
    guard.snapshot(app('/steady', [1, 2]), app('/moving', [3, 4]));
    guard.snapshot();
    guard.events([app('/moving', [3, 4])]);
    expect(ids(guard.applied())).toEqual({ '/steady': 2, '/moving': 2 });
    expect(guard.withheld()).toMatchObject({ servers: 2, apps: 1 });
    guard.events([app('/steady', [1, 2])]);
    expect(guard.withheld()).toBeUndefined();
    expect(guard.releases).toEqual(['Marathon lists it again']);
  });

  test('by a burst of events ends when so much has come back that the rest is below the limit', () => {
    const guard = guarding();
    guard.snapshot(app('/a', range(1, 6)), app('/b', range(11, 4)));
    guard.events([app('/a', []), app('/b', [11])]);
    expect(guard.withheld()).toBeDefined();
    guard.events([app('/a', range(1, 6))]);
    expect(guard.withheld()).toBeUndefined();
    expect(ids(guard.applied())).toEqual({ '/a': 6, '/b': 1 });
  });

  test('releases a task as soon as another task takes its address', () => {
    const guard = held();
    const stranger = anApp('/c', { tasks: [{ ...aTask('/c', 99), host: '10.0.0.3', ports: [31003] }] });
    guard.events([stranger]);
    expect(ids(guard.applied())).toEqual({ '/a': 7, '/b': 2, '/c': 1 });
    expect(guard.passed.at(-1)?.changed).toEqual(expect.arrayContaining(['/a', '/c']));
    guard.close();
  });

  test('does not delay other changes of the same app', () => {
    const guard = held();
    guard.events([app('/a', [31], { labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'a.example' } })]);
    const now = guard.applied().get('/a' as AppId);
    expect(now?.tasks).toHaveLength(9);
    expect(now?.labels['HAPROXY_0_VHOST']).toBe('a.example');
    guard.close();
  });
});

test("whatever happens, the removal guard passes on complete changes, and Marathon's state once it is approved", () => {
  const step = fc.record({
    id: fc.constantFrom('/a', '/b', '/c', '/d'),
    tasks: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }),
    gone: fc.boolean(),
    wait: fc.integer({ min: 0, max: 12_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const guard = guarding({ floor: 2 });
      guard.snapshot(app('/a', range(1, 5)), app('/b', range(6, 5)));
      for (const { id, tasks, gone, wait } of steps) {
        time += wait;
        if (gone) guard.events([], [id]);
        else guard.events([app(id, tasks)]);
        // Whatever is listed and new is there at once.
        for (const [known, { tasks: listed }] of guard.truth())
          expect(
            guard
              .applied()
              .get(known)
              ?.tasks.map(({ id: task }) => task),
          ).toEqual(expect.arrayContaining(listed.map(({ id: task }) => task)));
        if (guard.withheld() === undefined) expect(new Map(guard.applied())).toEqual(guard.truth());
      }
      guard.approve();
      guard.close();
      expect(new Map(guard.applied())).toEqual(guard.truth());
      // Who follows only what is said to have changed has the same.
      const followed = new Map<AppId, App>();
      for (const { apps, changed, removed } of guard.passed) {
        for (const id of changed) followed.set(id, apps.get(id)!);
        for (const id of removed) followed.delete(id);
      }
      expect(followed).toEqual(guard.truth());
    }),
  );
});
