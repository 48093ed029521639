import { expect, test } from 'vitest';
import { overCapacity, type ServedNow } from '../../../src/core/policy/capacity.ts';
import { nextDesired, nothingDesired } from '../../../src/core/desired/desired.ts';
import type { BackendName } from '../../../src/core/model/ids.ts';
import type { Service } from '../../../src/core/model/service.ts';
import { aCheck, anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

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
/** HAProxy serves these as they are given, and nothing else. */
const serving =
  (...served: Service[]): ServedNow =>
  (backend) =>
    served.find(({ definition }) => definition.backend === backend) ?? 'no';

/** Room for so many descriptors beside connections and what HAProxy keeps for itself. */
const roomFor = (descriptors: number) => ({
  limit: 2 * 100 + 4 + 64 + descriptors,
  maxconn: 100,
  ownListeners: 4,
  headroom: 0,
});

/** Backend → how many of its servers fit, of those that do not fit whole. */
const fits = (...args: Parameters<typeof overCapacity>) =>
  Object.fromEntries([...overCapacity(...args)].map(([backend, crowded]) => [backend, crowded.fits.size]));

test('a checked server takes a descriptor, and so does a listener', () => {
  const all = services(app('/web', 10001, 5));
  expect(fits(all, serving(), roomFor(6))).toEqual({});
  expect(fits(all, serving(), roomFor(5))).toEqual({ web_10001: 4 });
});

test('servers without a check take none', () => {
  expect(fits(services(app('/web', 10001, 500, false)), serving(), roomFor(1))).toEqual({});
});

test('of what does not fit as many servers serve as do, and a service that gets none is named', () => {
  const all = services(app('/a', 10001, 50), app('/b', 10002, 2));
  expect(fits(all, serving(), roomFor(10))).toEqual({ a_10001: 9, b_10002: 0 });
  const { diagnostic } = overCapacity(all, serving(), roomFor(10)).get('a_10001' as BackendName)!;
  expect(diagnostic.reason).toBe(
    'its 50 servers need 51 file descriptors, but HAProxy has 10 left of 278; 9 of them serve',
  );
});

test('what serves already goes first: neither a newcomer nor one that grows takes a server away', () => {
  const [grown, old] = services(app('/a-grown', 10001, 8), app('/z-old', 10002, 8));
  const newcomer = services(app('/a-new', 10001, 8));
  expect(fits([...newcomer, old!], serving(old!), roomFor(10))).toEqual({ 'a-new_10001': 0 });
  const before = { ...grown!, servers: grown!.servers.slice(0, 3) };
  expect(fits([grown!, old!], serving(before, old!), roomFor(14))).toEqual({ 'a-grown_10001': 4 });
});

test('where HAProxy serves is known by name alone, all of a service counts as served', () => {
  const all = services(app('/a-new', 10001, 8), app('/z-old', 10002, 8));
  const known: ServedNow = (backend) => (backend === 'z-old_10002' ? 'yes' : 'no');
  expect(fits(all, known, roomFor(12))).toEqual({ 'a-new_10001': 2 });
});
