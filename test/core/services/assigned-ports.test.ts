import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import {
  allDiagnostics,
  nextDesired,
  nothingDesired,
  type Desired,
} from '../../../src/core/desired/desired.ts';
import type { AppId } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext, digests } from '../../support/context.ts';

/** An app as Marathon 1.4 and older describe one with an address for each task. */
const app = (id: string, ports: readonly number[], parts: Partial<App> = {}): App =>
  anApp(id, {
    networkMode: 'container',
    ports: ports.map((containerPort) => aPort(undefined, { containerPort, hasHostPort: false })),
    tasks: [aTask(id, 1, { ipAddresses: ['192.0.2.1'] })],
    ...parts,
  });

const range = (first: number, last: number) => aContext({ assignedPorts: { first, last } });
const derive = (apps: readonly App[], context = aContext(), previous: Desired = nothingDesired) =>
  nextDesired(previous, { changed: apps, removed: [] }, context);
const backends = (desired: Desired) => [...desired.services.keys()];

test('a port follows from the app, the port of its tasks and nothing else', () => {
  const digest = Number.parseInt(digests.sha1('/web-8080-0').slice(0, 8), 16);
  expect(backends(derive([app('/web', [8080])]))).toEqual([`web_${10050 + (digest % 51)}`]);
});

test('a service port that Marathon or a label gives stands', () => {
  expect(backends(derive([app('/web', [], { ports: [aPort(10001, { containerPort: 80 })] })]))).toEqual([
    'web_10001',
  ]);
  const labels = { HAPROXY_GROUP: 'external', HAPROXY_0_PORT: '8000' };
  expect(backends(derive([app('/web', [8080], { labels })]))).toEqual(['web_8000']);
});

test('the first by app id has a port that two want, the other takes the next', () => {
  const desired = derive([app('/b', [80]), app('/a', [80])], range(20000, 20001));
  const ports = [...desired.services.values()].map(({ definition }) => definition.servicePort);
  expect(ports.sort()).toEqual([20000, 20001]);
  const alone = derive([app('/a', [80])], range(20000, 20001));
  expect(backends(desired)).toContain(backends(alone)[0]);
});

test('who finds no port left is told to take one by label', () => {
  const desired = derive([app('/a', [80]), app('/b', [80])], range(20000, 20000));
  expect(backends(desired)).toEqual(['a_20000']);
  expect(allDiagnostics(desired).map(({ code, appId }) => [code, appId])).toEqual([['PORT_MISSING', '/b']]);
  const after = nextDesired(desired, { changed: [], removed: ['/a' as AppId] }, range(20000, 20000));
  expect(backends(after)).toEqual(['b_20000']);
});

test('a task that comes leaves ports and definitions as they are', () => {
  const before = derive([app('/a', [80]), app('/b', [80])]);
  const known = before.apps.get('/a' as AppId)!.app;
  const labels = known.labels;
  const after = derive(
    [app('/a', [80], { labels, healthChecks: known.healthChecks, tasks: [] })],
    aContext(),
    before,
  );
  expect(after.assigned).toBe(before.assigned);
  expect(after.routes).toBe(before.routes);
});

property.prop([
  fc.array(
    fc.record({
      id: fc.constantFrom('/a', '/b', '/c', '/d'),
      ports: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
    }),
    { maxLength: 10 },
  ),
])('the same apps have the same ports, whatever came before', (changes) => {
  const context = range(20000, 20005);
  let desired = nothingDesired;
  for (const { id, ports } of changes) desired = derive([app(id, ports)], context, desired);
  const last = new Map(changes.map(({ id, ports }) => [id, ports]));
  const atOnce = derive([...last].map(([id, ports]) => app(id, ports)).reverse(), context);
  expect([...desired.services]).toEqual([...atOnce.services]);
  const used = [...desired.services.values()].map(({ definition }) => definition.servicePort);
  expect(new Set(used).size).toBe(used.length);
});
