/** A real group of five hundred apps, with labels added: every host is served by its app, over HTTP and HTTPS. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSavedApps } from '../../src/simulator/saved.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let ids: string[];

const hostOf = (n: number) => `app-${n}.example`;
/** By turns, so that all kinds stand beside each other. */
const kinds: readonly Record<string, string>[] = [
  {},
  { HAPROXY_0_STICKY: 'true' },
  { HAPROXY_0_BALANCE: 'leastconn' },
  { HAPROXY_0_PATH: '/' },
  { HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '127.0.0.0/8' },
  { HAPROXY_0_USE_HSTS: 'true' },
  { HAPROXY_0_BACKEND_WEIGHT: '3' },
  { HAPROXY_0_BACKEND_HTTP_OPTIONS: '  http-request set-header X-Own yes\n' },
];

beforeAll(async () => {
  stack = await startStack({
    start: false,
    simulator: { tasks: 'shared' },
    flags: ['--service-ports', 'none', '--maxconn', '1000'],
  });
  const file = join(stack.directory, 'group.json');
  const fixture = join(import.meta.dirname, '..', 'fixtures', 'real-group-155-500.json.gz');
  writeFileSync(file, gunzipSync(readFileSync(fixture)));
  const apps = readSavedApps(file).map((app, n) => ({
    ...app,
    labels: {
      HAPROXY_GROUP: 'external',
      HAPROXY_0_VHOST: hostOf(n),
      HAPROXY_0_MODE: 'http',
      ...kinds[n % kinds.length],
    },
  }));
  ids = apps.map((app) => (app as unknown as { id: string }).id);
  stack.marathon.load(apps, { tasksEach: 2 });
  await stack.marathon.listening();
  await stack.startPacer().ready();
});
afterAll(() => stack.close());

test('nothing is wrong with any of them', async () => {
  expect(ids.length).toBe(500);
  const { diagnostics } = await stack.status();
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test.each([false, true])('every host is answered by its app (over TLS: %s)', async (tls) => {
  const wrong: string[] = [];
  for (let first = 0; first < ids.length; first += 20) {
    await Promise.all(
      ids.slice(first, first + 20).map(async (id, i) => {
        const host = hostOf(first + i);
        const { status, json } = await stack.ask({ host, path: '/', tls });
        if (status !== 200 || json?.app !== id) wrong.push(`${host}: ${status} ${json?.app ?? ''}`);
      }),
    );
  }
  expect(wrong).toEqual([]);
});
