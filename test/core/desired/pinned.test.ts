/** A pinned revision: definitions of then, servers of now. */
import { expect, test } from 'vitest';
import { nextDesired, nothingDesired, type Desired } from '../../../src/core/desired/desired.ts';
import { createPinned } from '../../../src/core/desired/pinned.ts';
import type { App } from '../../../src/core/model/model.ts';
import { asAppId } from '../../../src/core/model/ids.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const context = aContext();
const web = (labels: Record<string, string>, tasks: number[]): App =>
  anApp('/web', {
    labels: { HAPROXY_GROUP: 'external', ...labels },
    tasks: tasks.map((n) => aTask('/web', n)),
  });
const good = web({ HAPROXY_0_VHOST: 'shop.example' }, [1]);
const other = anApp('/other', { ports: [aPort(10_002)], tasks: [aTask('/other', 7)] });

const after = (state: Desired, ...changed: App[]) => nextDesired(state, { changed, removed: [] }, context);
const then = after(nothingDesired, good, other);
const pin = { revision: 4, definitions: [...then.services.values()].map(({ definition }) => definition) };

const shown = ({ services }: Desired) =>
  Object.fromEntries(
    [...services.values()].map(({ definition, servers }) => [
      `${definition.backend} ${definition.vhosts.join()}`.trim(),
      servers.map(({ port }) => port - 31_000),
    ]),
  );

test('services stay as they were, and their servers follow', () => {
  const now = after(then, web({ HAPROXY_0_VHOST: 'moved.example', HAPROXY_0_PORT: '10009' }, [2, 3]));
  expect(shown(createPinned(pin, context)(now))).toEqual({
    other_10002: [7],
    'web_10001 shop.example': [2, 3],
  });
});

test('a service whose label is gone, or wrong, is served as it was', () => {
  const hidden = after(then, anApp('/web', { labels: {}, tasks: [aTask('/web', 5)] }));
  expect(shown(createPinned(pin, context)(hidden))).toMatchObject({ 'web_10001 shop.example': [5] });
  const broken = after(nothingDesired, web({ HAPROXY_0_PORT: 'x' }, [6]), other);
  expect(shown(createPinned(pin, context)(broken))).toMatchObject({ 'web_10001 shop.example': [6] });
});

test('what came later is not served, and what was deleted goes', () => {
  const late = after(then, anApp('/late', { ports: [aPort(10_003)] }));
  const pinned = createPinned(pin, context)(late);
  expect(Object.keys(shown(pinned))).toEqual(['other_10002', 'web_10001 shop.example']);
  expect(pinned.apps.get(asAppId('/late'))?.ports[0]?.reason).toBe(
    'revision 4 is pinned, and has no such service',
  );
  const gone = nextDesired(then, { changed: [], removed: [asAppId('/web')] }, context);
  expect(Object.keys(shown(createPinned(pin, context)(gone)))).toEqual(['other_10002']);
});

test('a change of servers keeps the routes and all else identical, so that it needs no reload', () => {
  const pinned = createPinned(pin, context);
  const first = pinned(then);
  const next = pinned(after(then, { ...good, tasks: [aTask('/web', 1), aTask('/web', 2)] }));
  expect(next.routes).toBe(first.routes);
  expect(next.conflicts).toBe(first.conflicts);
  expect(next.services.get('other_10002' as never)).toBe(first.services.get('other_10002' as never));
  expect(shown(next)).toMatchObject({ 'web_10001 shop.example': [1, 2] });
});

test('a pin that was stored and read again is the same', () => {
  const read = { ...pin, definitions: JSON.parse(JSON.stringify(pin.definitions)) as typeof pin.definitions };
  expect(shown(createPinned(read, context)(then))).toEqual(shown(then));
});
