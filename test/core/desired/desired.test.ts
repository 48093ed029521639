import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  nextDesired,
  nothingDesired,
  withRejected,
  type Desired,
} from '../../../src/core/desired/desired.ts';
import { difference, reloadPlan } from '../../../src/core/plan/plan.ts';
import type { App } from '../../../src/core/model/model.ts';
import type { BackendName } from '../../../src/core/model/ids.ts';
import { aCheck, anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const context = aContext();
const desiredOf = (apps: readonly App[], previous: Desired = nothingDesired) =>
  nextDesired(previous, { changed: apps, removed: [] }, context);

const web = anApp('/web', { tasks: [aTask('/web', 1), aTask('/web', 2)] });
const api = anApp('/api', { ports: [aPort(10002)], tasks: [aTask('/api', 3)] });

test('an app that did not change keeps its service, whatever the others do', () => {
  const before = desiredOf([web, api]);
  const after = desiredOf([{ ...api, tasks: [aTask('/api', 4)] }], before);
  expect(after.services.get('web_10001' as BackendName)).toBe(
    before.services.get('web_10001' as BackendName),
  );
  expect(after.routes).toBe(before.routes);
});

test('a task that comes leaves the definition and the other servers as they were', () => {
  const before = desiredOf([web]).services.get('web_10001' as BackendName)!;
  const after = desiredOf(
    [{ ...web, tasks: [...web.tasks, aTask('/web', 3)] }],
    desiredOf([web]),
  ).services.get('web_10001' as BackendName)!;
  expect(after.servers).toHaveLength(3);
  expect(after.definition).toEqual(before.definition);
  expect(after.servers.slice(0, 2)).toEqual(before.servers);
});

test('an app read anew with the same content changes nothing', () => {
  const before = desiredOf([web, api]);
  const after = desiredOf([structuredClone(web)], before);
  expect(difference(before, after)).toEqual([]);
  expect(after.services.get('web_10001' as BackendName)).toBe(
    before.services.get('web_10001' as BackendName),
  );
});

test('a removed app gives its port and its host to the one that waited for them', () => {
  const labels = { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'x.example' };
  const first = anApp('/a', { labels, tasks: [aTask('/a', 1)] });
  const second = anApp('/b', { labels, tasks: [aTask('/b', 2)] });
  const both = desiredOf([second, first]);
  const listening = ({ services }: Desired) =>
    [...services.values()].flatMap(({ definition }) => (definition.listens ? definition.backend : []));
  expect(listening(both)).toEqual(['a_10001']);
  expect(both.conflicts.map(({ appId, code }) => [appId, code])).toEqual([
    ['/b', 'PORT_CONFLICT'],
    ['/b', 'ROUTE_CONFLICT'],
  ]);
  const alone = nextDesired(both, { changed: [], removed: [first.id] }, context);
  expect(listening(alone)).toEqual(['b_10001']);
  expect(alone.conflicts).toEqual([]);
});

test('a service that got a bad label keeps its last good version, with its new tasks', () => {
  const before = desiredOf([
    anApp('/web', {
      labels: { HAPROXY_GROUP: 'external', HAPROXY_0_PORT: '8080' },
      tasks: [aTask('/web', 1)],
    }),
  ]);
  const after = desiredOf(
    [
      anApp('/web', {
        labels: { HAPROXY_GROUP: 'external', HAPROXY_0_PORT: '808080' },
        tasks: [aTask('/web', 2)],
      }),
    ],
    before,
  );
  const service = after.services.get('web_8080' as BackendName)!;
  expect(service.servers.map(({ address }) => address)).toEqual(['10.0.0.2']);
  expect(after.apps.get(web.id)?.diagnostics.map(({ severity }) => severity)).toEqual(['error', 'warning']);
});

test('a service that is held is left out, and comes back when it no longer is', () => {
  const derived = desiredOf([web, api]);
  const hold = {
    code: 'PORT_HELD',
    severity: 'error',
    appId: web.id,
    reason: 'taken',
    remedy: 'free it',
  } as const;
  const held = withRejected(derived, new Map([['web_10001' as BackendName, { diagnostic: hold }]]));
  expect([...held.services.keys()]).toEqual(['api_10002']);
  expect(held.conflicts).toEqual([hold]);
  expect([...withRejected(held, new Map()).services.keys()]).toEqual(['api_10002', 'web_10001']);
});

test('a task that was healthy stays one of an app with two checks only while both are alive', () => {
  const strict = aContext({ health: { respectHealth: true, unreachable: 'keep', mode: 'all' } });
  const checks = [aCheck(), aCheck({ protocol: 'TCP' })];
  const servers = (alive: boolean[], aliveIsAggregate: boolean) => {
    const app = anApp('/web', {
      healthChecks: checks,
      tasks: [aTask('/web', 1, { alive, aliveIsAggregate })],
    });
    return nextDesired(nothingDesired, { changed: [app], removed: [] }, strict).services.get(
      'web_10001' as BackendName,
    )!.servers.length;
  };
  expect(servers([true, true], false)).toBe(1);
  expect(servers([true], true)).toBe(1);
  expect(servers([true], false)).toBe(0);
  expect(servers([true, false], false)).toBe(0);
  expect(servers([false], true)).toBe(0);
  expect(servers([], false)).toBe(0);
});

describe('the plan of a reload', () => {
  const one = desiredOf([web]);
  const plan = (applied: Desired | undefined, desired: Desired, runsApplied = true) =>
    reloadPlan({ applied, desired, runsApplied });

  test('says that HAProxy differs where it runs something else than it was given, or a daemon has just started', () => {
    const differs = { kind: 'reload', reasons: [{ code: 'haproxy-differs', backends: [] }] };
    expect(plan(one, one, false)).toEqual(differs);
    expect(plan(undefined, one)).toEqual(differs);
  });

  test.each([
    ['a service that came', [web, api], [], [{ code: 'service-added', backends: ['api_10002'] }]],
    ['a service that went', [], ['/web'], [{ code: 'service-removed', backends: ['web_10001'] }]],
    [
      'a definition that changed',
      [{ ...web, labels: { ...web.labels, HAPROXY_0_BALANCE: 'leastconn' } }],
      [],
      [{ code: 'service-changed', backends: ['web_10001'] }],
    ],
    ['something that is no service', [web], [], [{ code: 'skeleton-changed', backends: [] }]],
  ])('names %s as the reason', (_, changed, removed, reasons) => {
    const after = nextDesired(one, { changed, removed: removed as never }, context);
    expect(plan(one, after)).toEqual({ kind: 'reload', reasons });
  });

  test('never names servers: those are changed at runtime', () => {
    expect(difference(one, desiredOf([{ ...web, tasks: [] }], one))).toEqual([]);
  });
});

const arbitraryApps = fc.array(
  fc.record({
    id: fc.constantFrom('/a', '/b', '/c/d', '/e'),
    port: fc.integer({ min: 1, max: 3 }),
    tasks: fc.integer({ min: 0, max: 3 }),
    host: fc.constantFrom('x.example', 'y.example'),
  }),
  { maxLength: 12 },
);

describe('for any order of changes', () => {
  property.prop([arbitraryApps, fc.infiniteStream(fc.nat())])(
    'the same apps give the same desired state',
    (specs, random) => {
      const apps = specs.map(({ id, port, tasks, host }) =>
        anApp(id, {
          labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: host },
          ports: [aPort(10000 + port)],
          tasks: Array.from({ length: tasks }, (_, n) => aTask(id, n + 1)),
        }),
      );
      const last = new Map(apps.map((app) => [app.id, app]));
      const oneByOne = apps.reduce((desired, app) => desiredOf([app], desired), nothingDesired);
      const shuffled = [...last.values()].sort(() => ((random.next().value ?? 0) % 2 === 0 ? 1 : -1));
      const atOnce = desiredOf(shuffled);
      expect([...oneByOne.services]).toEqual([...atOnce.services]);
      expect(oneByOne.routes).toEqual(atOnce.routes);
      expect(oneByOne.conflicts).toEqual(atOnce.conflicts);
      expect(difference(oneByOne, oneByOne)).toEqual([]);
    },
  );
});
