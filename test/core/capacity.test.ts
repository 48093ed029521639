import { expect, test } from 'vitest';
import { overCapacity } from '../../src/core/capacity.ts';
import { nextDesired, nothingDesired } from '../../src/core/desired.ts';
import type { BackendName } from '../../src/core/ids.ts';
import { aCheck, anApp, aPort, aTask } from '../support/apps.ts';
import { aContext } from '../support/context.ts';

/** An app with so many servers that are checked, or are not. */
const app = (id: string, port: number, servers: number, checked = true) =>
  anApp(id, {
    ports: [aPort(port)],
    healthChecks: checked ? [aCheck()] : [],
    tasks: Array.from({ length: servers }, (_, n) => aTask(id, n + 1)),
  });

const services = (...apps: ReturnType<typeof app>[]) => [
  ...nextDesired(nothingDesired, { changed: apps, removed: [] }, aContext()).services.values(),
];
const names = (...backends: string[]) => new Set(backends as BackendName[]);

/** Room for so many descriptors beside connections and what HAProxy keeps for itself. */
const roomFor = (descriptors: number) => ({
  limit: 2 * 100 + 4 + 64 + descriptors,
  maxconn: 100,
  ownListeners: 4,
  headroom: 0,
});

test('a checked server takes a descriptor, and so does a listener', () => {
  const [web] = services(app('/web', 10001, 5));
  expect(overCapacity([web!], names(), roomFor(6)).size).toBe(0);
  expect([...overCapacity([web!], names(), roomFor(5)).keys()]).toEqual(['web_10001']);
});

test('servers without a check take none', () => {
  expect(overCapacity(services(app('/web', 10001, 500, false)), names(), roomFor(1)).size).toBe(0);
});

test('what does not fit is held alone: a smaller service behind it is served', () => {
  const held = overCapacity(services(app('/a', 10001, 50), app('/b', 10002, 2)), names(), roomFor(10));
  expect([...held.keys()]).toEqual(['a_10001']);
  expect(held.get('a_10001' as BackendName)?.reason).toBe(
    'its 50 servers need 51 file descriptors, and HAProxy has 10 left of 278',
  );
});

test('what serves already goes first, so that a newcomer takes nothing away', () => {
  const all = services(app('/a-new', 10001, 8), app('/z-old', 10002, 8));
  expect([...overCapacity(all, names('z-old_10002'), roomFor(10)).keys()]).toEqual(['a-new_10001']);
});
