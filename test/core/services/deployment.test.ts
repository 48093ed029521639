/** Blue/green groups: which app leads, which tasks are drained, what happens at the edges. */
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  allDiagnostics,
  nextDesired,
  nothingDesired,
  type Desired,
} from '../../../src/core/desired/desired.ts';
import type { AppId, BackendName } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { aCheck, anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const context = aContext();
const derive = (apps: readonly App[], previous: Desired = nothingDesired) =>
  nextDesired(previous, { changed: apps, removed: [] }, context);

const started = { blue: '2026-01-01T10:00:00Z', green: '2026-01-01T11:00:00Z' };

interface Side {
  readonly colour: 'blue' | 'green';
  /** Of each task: whether Marathon calls it healthy. */
  readonly alive: readonly boolean[];
  readonly instances?: number;
  readonly labels?: Record<string, string>;
  readonly leaving?: readonly number[];
  /** When Marathon last changed its number of instances. */
  readonly scaledAt?: number;
}

function side({ colour, alive, instances = alive.length, labels = {}, leaving = [], scaledAt }: Side): App {
  const id = `/web-${colour}`;
  const first = colour === 'blue' ? 1 : 101;
  return anApp(id, {
    instances,
    ...(scaledAt === undefined ? {} : { scaledAt }),
    ports: [aPort(colour === 'blue' ? 10001 : 10002)],
    healthChecks: [aCheck()],
    tasks: alive.map((is, i) => aTask(id, first + i, { alive: [is], leaving: leaving.includes(i) })),
    labels: {
      HAPROXY_GROUP: 'external',
      HAPROXY_0_PORT: '10001',
      HAPROXY_DEPLOYMENT_GROUP: 'web',
      HAPROXY_DEPLOYMENT_COLOUR: colour,
      HAPROXY_DEPLOYMENT_STARTED_AT: started[colour],
      ...labels,
    },
  });
}

const all = (count: number) => Array.from({ length: count }, () => true);

function serversOf(desired: Desired, backend = 'web_10001'): string {
  const servers = desired.services.get(backend as BackendName)?.servers ?? [];
  return servers
    .map(({ address, admin: admin }) => ({ n: Number(address.split('.')[3]), admin }))
    .sort((a, b) => a.n - b.n)
    .map(({ n, admin }) => `${n} ${admin}`)
    .join(', ');
}

describe('the apps of a group', () => {
  test('are one service under the name of the group, with labels and port of the older app', () => {
    const desired = derive([
      side({ colour: 'blue', alive: all(1), labels: { HAPROXY_0_VHOST: 'blue.example' } }),
      side({ colour: 'green', alive: [false], labels: { HAPROXY_0_VHOST: 'green.example' } }),
    ]);
    expect([...desired.services.keys()]).toEqual(['web_10001']);
    expect(serversOf(desired)).toBe('1 ready, 101 ready');
    expect(desired.routes.appIds).toEqual([{ key: '/web', backend: 'web_10001' }]);
    expect(desired.services.get('web_10001' as BackendName)?.definition.vhosts).toEqual(['blue.example']);
  });

  test('are one group with or without the slash before its name', () => {
    const desired = derive([
      side({ colour: 'blue', alive: all(1), labels: { HAPROXY_DEPLOYMENT_GROUP: '/web' } }),
      side({ colour: 'green', alive: [false] }),
    ]);
    expect([...desired.groups]).toEqual([['/web', new Set(['/web-blue', '/web-green'])]]);
  });

  test('alone serve under the name of the group as well', () => {
    expect([...derive([side({ colour: 'green', alive: all(1) })]).services.keys()]).toEqual(['web_10001']);
  });

  test('that say nothing of when they started are older than those that do', () => {
    const { HAPROXY_DEPLOYMENT_STARTED_AT: _, ...labels } = side({ colour: 'green', alive: [] }).labels;
    const silent = { ...side({ colour: 'green', alive: all(1) }), labels };
    const desired = derive([silent, side({ colour: 'blue', alive: all(1) })]);
    expect(desired.services.get('web_10001' as BackendName)?.definition.appId).toBe('/web-green');
    expect(serversOf(desired)).toBe('1 ready, 101 maint');
  });

  test('are two: a third is left out, with a diagnostic that names the others', () => {
    const third = {
      ...anApp('/web-red', { tasks: [aTask('/web-red', 201)] }),
      labels: { ...side({ colour: 'green', alive: [] }).labels, HAPROXY_DEPLOYMENT_STARTED_AT: '2026-01-02' },
    };
    const desired = derive([
      third,
      side({ colour: 'blue', alive: all(1) }),
      side({ colour: 'green', alive: [false] }),
    ]);
    expect(serversOf(desired)).toBe('1 ready, 101 ready');
    expect(allDiagnostics(desired).map(({ code, appId, reason }) => [code, appId, reason])).toEqual([
      [
        'GROUP_CROWDED',
        '/web-red',
        'the deployment group /web has two apps already, /web-blue and /web-green',
      ],
    ]);
    const later = nextDesired(desired, { changed: [], removed: ['/web-blue' as AppId] }, context);
    expect(allDiagnostics(later)).toEqual([]);
    expect(serversOf(later)).toBe('101 maint, 201 ready');
  });

  test('pass the service on without a change when the older is removed', () => {
    const both = derive([side({ colour: 'blue', alive: all(1) }), side({ colour: 'green', alive: all(1) })]);
    const after = nextDesired(both, { changed: [], removed: ['/web-blue' as AppId] }, context);
    const of = (desired: Desired) => {
      const { appId: _, ...rest } = desired.services.get('web_10001' as BackendName)!.definition;
      return rest;
    };
    expect(of(after)).toEqual(of(both));
    expect(serversOf(after)).toBe('101 ready');
  });

  test('whose older app has a bad label serve with the labels of the newer', () => {
    const desired = derive([
      side({ colour: 'blue', alive: all(1), labels: { HAPROXY_0_BALANCE: 'nonsense' } }),
      side({ colour: 'green', alive: [false] }),
    ]);
    expect(desired.services.get('web_10001' as BackendName)?.definition.appId).toBe('/web-green');
  });

  test('with a bad label of the deploy tool are rejected, or stay in the group they were in', () => {
    const bad = { HAPROXY_DEPLOYMENT_STARTED_AT: 'yesterday' };
    const blue = side({ colour: 'blue', alive: all(1) });
    const green = side({ colour: 'green', alive: all(1), labels: bad });
    expect(serversOf(derive([blue, green]))).toBe('1 ready');
    const before = derive([blue, side({ colour: 'green', alive: [false] })]);
    expect(serversOf(derive([green], before))).toBe('1 maint, 101 ready');
  });

  test('without a port of their own are told that it moves', () => {
    const { HAPROXY_0_PORT: _, ...labels } = side({ colour: 'blue', alive: [] }).labels;
    const app = {
      ...side({ colour: 'blue', alive: [] }),
      labels: { ...labels, HAPROXY_DEPLOYMENT_ALT_PORT: '10001' },
    };
    expect(allDiagnostics(derive([app])).map(({ code }) => code)).toEqual(['PORT_ALTERNATES']);
  });
});

describe('tasks of the older app are drained', () => {
  test.each<[string, Side, Side, string]>([
    [
      'one for each healthy task of the newer, by task id',
      { colour: 'blue', alive: all(3) },
      { colour: 'green', alive: [true, false] },
      '1 maint, 2 ready, 3 ready, 101 ready, 102 ready',
    ],
    [
      'all of them when as many new ones are healthy',
      { colour: 'blue', alive: all(2) },
      { colour: 'green', alive: all(3) },
      '1 maint, 2 maint, 101 ready, 102 ready, 103 ready',
    ],
    [
      'none while no new task is healthy',
      { colour: 'blue', alive: all(2) },
      { colour: 'green', alive: [false, false] },
      '1 ready, 2 ready, 101 ready, 102 ready',
    ],
    [
      'only as long as both together are more than the target, where both stay',
      { colour: 'blue', alive: all(4) },
      {
        colour: 'green',
        alive: all(2),
        labels: { HAPROXY_DEPLOYMENT_NEW_INSTANCES: '2', HAPROXY_DEPLOYMENT_TARGET_INSTANCES: '5' },
      },
      '1 maint, 2 ready, 3 ready, 4 ready, 101 ready, 102 ready',
    ],
    [
      'whatever the target, where the newer replaces all',
      { colour: 'blue', alive: all(2) },
      { colour: 'green', alive: all(1), labels: { HAPROXY_DEPLOYMENT_TARGET_INSTANCES: '9' } },
      '1 maint, 2 ready, 101 ready',
    ],
    [
      'not beside those that are leaving already, whatever Marathon still says of instances',
      { colour: 'blue', alive: all(4), leaving: [0, 1] },
      { colour: 'green', alive: all(2) },
      '1 drain, 2 drain, 3 ready, 4 ready, 101 ready, 102 ready',
    ],
    [
      'not for those that are gone, whatever Marathon still says of instances',
      { colour: 'blue', alive: all(2), instances: 4 },
      {
        colour: 'green',
        alive: all(2),
        labels: { HAPROXY_DEPLOYMENT_NEW_INSTANCES: '2', HAPROXY_DEPLOYMENT_TARGET_INSTANCES: '4' },
      },
      '1 ready, 2 ready, 101 ready, 102 ready',
    ],
    [
      'not for a new task that is on its way out',
      { colour: 'blue', alive: all(1) },
      { colour: 'green', alive: all(1), leaving: [0] },
      '1 ready, 101 drain',
    ],
  ])('%s', (_, blue, green, expected) => {
    expect(serversOf(derive([side(blue), side(green)]))).toBe(expected);
  });

  test('only once the new app’s tasks run, where it has no checks', () => {
    const green = { ...side({ colour: 'green', alive: all(2) }), healthChecks: [] };
    const staging = {
      ...green,
      tasks: green.tasks.map((task) => ({ ...task, state: 'TASK_STAGING' as const, alive: [] })),
    };
    const blue = side({ colour: 'blue', alive: all(2) });
    expect(serversOf(derive([blue, staging]))).toBe('1 ready, 2 ready');
    expect(serversOf(derive([blue, green]))).toBe('1 maint, 2 maint, 101 ready, 102 ready');
  });

  test('and say so', () => {
    const desired = derive([
      side({ colour: 'blue', alive: all(1) }),
      side({ colour: 'green', alive: all(1) }),
    ]);
    const [port] = desired.apps.get('/web-blue' as AppId)!.ports;
    expect(port?.tasks.map(({ reason }) => reason)).toEqual(['drained for a healthy task of /web-green']);
    const [other] = desired.apps.get('/web-green' as AppId)!.ports;
    expect(other?.reason).toBe('served with /web-blue, as deployment group /web');
    expect(other?.tasks.map(({ server, admin: admin }) => [server, admin])).toEqual([
      ['10_0_0_101_31101', 'ready'],
    ]);
  });
});

/** As marathon-lb's zdd sets them on every step; 0 where the newer app replaces all of the older. */
const hybrid = (count = '2') => ({
  HAPROXY_DEPLOYMENT_NEW_INSTANCES: count,
  HAPROXY_DEPLOYMENT_TARGET_INSTANCES: '4',
});

describe('in a hybrid deploy the app that was scaled last stays', () => {
  test.each<[string, Side, Side, string]>([
    [
      'so the later app is drained where the earlier one was scaled after it',
      { colour: 'blue', alive: all(4), scaledAt: 2, labels: hybrid('0') },
      { colour: 'green', alive: all(2), scaledAt: 1, labels: hybrid() },
      '1 ready, 2 ready, 3 ready, 4 ready, 101 maint, 102 maint',
    ],
    [
      'the earlier app where the later one was scaled after it',
      { colour: 'blue', alive: all(2), scaledAt: 1, labels: hybrid('0') },
      { colour: 'green', alive: all(4), scaledAt: 2, labels: hybrid() },
      '1 maint, 2 maint, 101 ready, 102 ready, 103 ready, 104 ready',
    ],
    [
      'and with a number of 0 as well, which is what the tool sets where all are replaced',
      { colour: 'blue', alive: all(4), scaledAt: 2, labels: hybrid('0') },
      { colour: 'green', alive: all(1), scaledAt: 1, labels: hybrid('0') },
      '1 ready, 2 ready, 3 ready, 4 ready, 101 maint',
    ],
    [
      'the later app where both were scaled at once',
      { colour: 'blue', alive: all(4), scaledAt: 1, labels: hybrid() },
      { colour: 'green', alive: all(1), scaledAt: 1, labels: hybrid() },
      '1 maint, 2 ready, 3 ready, 4 ready, 101 ready',
    ],
    [
      'the later app where Marathon does not say when',
      { colour: 'blue', alive: all(4), scaledAt: 2, labels: hybrid() },
      { colour: 'green', alive: all(1), labels: hybrid() },
      '1 maint, 2 ready, 3 ready, 4 ready, 101 ready',
    ],
    [
      'not where only the earlier app has the label',
      { colour: 'blue', alive: all(4), scaledAt: 2, labels: hybrid() },
      { colour: 'green', alive: all(1), scaledAt: 1 },
      '1 maint, 2 ready, 3 ready, 4 ready, 101 ready',
    ],
    [
      'with the target of the other app where it has none itself',
      { colour: 'blue', alive: all(3), scaledAt: 2 },
      { colour: 'green', alive: all(2), scaledAt: 1, labels: hybrid() },
      '1 ready, 2 ready, 3 ready, 101 maint, 102 ready',
    ],
  ])('%s', (_, blue, green, expected) => {
    expect(serversOf(derive([side(blue), side(green)]))).toBe(expected);
  });

  test('and the labels of the app that goes count, as they do in every deploy', () => {
    const labels = (host: string) => ({ ...hybrid(), HAPROXY_0_VHOST: host });
    const of = (scaledAt: number) =>
      derive([
        side({ colour: 'blue', alive: all(2), scaledAt, labels: labels('blue.example') }),
        side({ colour: 'green', alive: all(2), scaledAt: 5, labels: labels('green.example') }),
      ]).services.get('web_10001' as BackendName)?.definition.vhosts;
    expect(of(4)).toEqual(['blue.example']);
    expect(of(6)).toEqual(['green.example']);
  });

  test('also where scaling is all that changes', () => {
    const blue = side({ colour: 'blue', alive: all(4), scaledAt: 1, labels: hybrid() });
    const green = side({ colour: 'green', alive: all(2), scaledAt: 2, labels: hybrid() });
    const before = derive([blue, green]);
    expect(serversOf(before)).toBe('1 maint, 2 maint, 3 ready, 4 ready, 101 ready, 102 ready');
    const after = derive([{ ...blue, scaledAt: 3 }], before);
    expect(serversOf(after)).toBe('1 ready, 2 ready, 3 ready, 4 ready, 101 maint, 102 maint');
  });
});

const sides = fc.record({
  blue: fc.array(fc.boolean(), { maxLength: 5 }),
  green: fc.array(fc.boolean(), { maxLength: 5 }),
  leavingBlue: fc.subarray([0, 1, 2, 3, 4]),
  target: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
});

function sidesOf({
  blue,
  green,
  leavingBlue,
  target,
}: typeof sides extends fc.Arbitrary<infer T> ? T : never) {
  const labels: Record<string, string> =
    target === undefined
      ? {}
      : { HAPROXY_DEPLOYMENT_NEW_INSTANCES: '1', HAPROXY_DEPLOYMENT_TARGET_INSTANCES: String(target) };
  return [
    side({ colour: 'blue', alive: blue, leaving: leavingBlue }),
    side({ colour: 'green', alive: green, labels }),
  ] as const;
}

describe('for any state of a deploy', () => {
  property.prop([sides])('no more tasks are out of service than are healthy on the new side', (state) => {
    const desired = derive(sidesOf(state));
    const servers = desired.services.get('web_10001' as BackendName)?.servers ?? [];
    const maint = servers.filter(({ admin: admin }) => admin === 'maint');
    const healthy = state.green.filter((alive) => alive).length;
    expect(maint.length).toBeLessThanOrEqual(healthy);
    // Never the new side.
    expect(maint.every(({ address }) => Number(address.split('.')[3]) < 100)).toBe(true);
    if (servers.length > 0) expect(servers.some(({ admin: admin }) => admin === 'ready')).toBe(true);
  });

  property.prop([fc.array(sides, { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.boolean())])(
    'the order of the changes leaves no trace',
    (states, coin) => {
      let desired = nothingDesired;
      for (const state of states) {
        const [blue, green] = sidesOf(state);
        for (const app of coin.next().value === true ? [blue, green] : [green, blue])
          desired = derive([app], desired);
      }
      const last = derive(sidesOf(states.at(-1)!));
      expect([...desired.services]).toEqual([...last.services]);
      expect(desired.routes).toEqual(last.routes);
      expect(allDiagnostics(desired)).toEqual(allDiagnostics(last));
    },
  );
});

test('a change of one side leaves all other apps as they are', () => {
  const other = anApp('/other', { ports: [aPort(10009)], tasks: [aTask('/other', 50)] });
  const green = side({ colour: 'green', alive: [false] });
  const before = derive([other, side({ colour: 'blue', alive: all(1) }), green]);
  const healthy = green.tasks.map((task) => ({ ...task, alive: [true] }));
  const after = derive([{ ...green, tasks: healthy }], before);
  expect(serversOf(after)).toBe('1 maint, 101 ready');
  expect(after.apps.get('/other' as AppId)).toBe(before.apps.get('/other' as AppId));
  expect(after.routes).toBe(before.routes);
  expect(after.groups).toBe(before.groups);
});
