/** A fault of Pacer's own in deriving one app: that app serves on as before, and nobody else notices. */
import { expect, test } from 'vitest';
import {
  allDiagnostics,
  missingApps,
  nextDesired,
  nothingDesired,
  type Desired,
} from '../../../src/core/desired/desired.ts';
import type { AppId } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const web = anApp('/web', { tasks: [aTask('/web', 1), aTask('/web', 2)] });
const api = anApp('/api', { ports: [aPort(10_002)], tasks: [aTask('/api', 3)] });

/** Throws as soon as a task on this host is looked at. */
const faulty = (host: string) => {
  const resolve = (name: string) => {
    if (name === host) throw new Error('a bug');
    return undefined;
  };
  return aContext({ resolve });
};
const bad = (app: App): App => ({ ...app, tasks: [...app.tasks, aTask(app.id, 9, { host: 'bad' })] });

const step = (state: Desired, changed: readonly App[], context = faulty('bad')) =>
  nextDesired(state, { changed, removed: [] }, context);
const servers = ({ services }: Desired) =>
  [...services].map(
    ([backend, service]) => `${backend}: ${service.servers.map(({ address }) => address).join(' ')}`,
  );
const codes = (desired: Desired) => allDiagnostics(desired).map(({ appId, code }) => `${appId} ${code}`);

test('it loses the servers of tasks that have ended, and all other apps of the same change are derived', () => {
  const before = step(nothingDesired, [web, api]);
  const killed = bad({ ...web, tasks: [aTask('/web', 2)] });
  const after = step(before, [killed, { ...api, tasks: [aTask('/api', 4)] }]);
  expect(servers(after)).toEqual(['api_10002: 10.0.0.4', 'web_10001: 10.0.0.2']);
  expect(codes(after)).toEqual(['/web DERIVE_FAILED']);
  expect([...after.failed]).toEqual(['/web']);
});

test('it keeps its definition whatever its new labels say, and is derived from them once that works', () => {
  const before = step(nothingDesired, [web]);
  const moved = { ...bad(web), labels: { HAPROXY_GROUP: 'external', HAPROXY_0_PORT: '10005' } };
  const failed = step(before, [moved]);
  expect(servers(failed)).toEqual(['web_10001: 10.0.0.1 10.0.0.2']);
  const mended = step(failed, [moved], aContext({ resolve: () => '10.0.0.9' }));
  expect(servers(mended)).toEqual(['web_10005: 10.0.0.1 10.0.0.2 10.0.0.9']);
  expect(codes(mended)).toEqual([]);
  expect([...mended.failed]).toEqual([]);
});

test('a new one serves nothing, and is there for the next try', () => {
  const desired = step(nothingDesired, [bad(web), api]);
  expect(servers(desired)).toEqual(['api_10002: 10.0.0.3']);
  expect([...desired.failed]).toEqual(['/web']);
  expect(missingApps(desired, new Map([web, api].map((app) => [app.id, app])))).toEqual([]);
});

test('the other app of its deployment group serves on as well', () => {
  const grouped = (app: App): App => ({
    ...app,
    labels: { ...app.labels, HAPROXY_DEPLOYMENT_GROUP: 'shop' },
  });
  const other = grouped(anApp('/new', { tasks: [aTask('/new', 5)] }));
  const before = step(nothingDesired, [grouped(web), other]);
  const after = step(before, [bad(grouped({ ...web, tasks: [aTask('/web', 2)] })), api]);
  expect(servers(after)).toEqual(['api_10002: 10.0.0.3', `${servers(before)[0]}`.replace('10.0.0.1 ', '')]);
  expect([...after.failed]).toContain('/web');
});

test('an app that is in the mirror and not derived is found, and one that is derived and no longer there', () => {
  const desired = step(nothingDesired, [web]);
  const mirror = (...apps: App[]) => new Map<AppId, App>(apps.map((app) => [app.id, app]));
  expect(missingApps(desired, mirror(web))).toEqual([]);
  expect(missingApps(desired, mirror(web, api))).toEqual(['/api']);
  expect(missingApps(desired, mirror())).toEqual(['/web']);
  expect(missingApps(desired, mirror(api))).toEqual(['/api', '/web']);
});
