/** Every kind of change, under traffic: HAProxy follows, and no request fails. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rounds } from '../support/slow.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';

let stack: Stack;
let traffic: Traffic;
let ports: number[];

beforeAll(async () => {
  // Reloads as fast as they are asked for: what is tried here is that they harm nobody.
  stack = await startStack({
    flags: ['--reload-spacing', '0', '--hard-stop-after', '20s'],
    // An app that ends within a reload of its SIGTERM leaves no time to follow; this one takes a second.
    simulator: { taskKilling: true, timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 1000 } },
  });
  ports = await stack.freePorts(4);
  await stack.marathon.deploy(
    httpApp('/web', ports[0]!, { instances: 3, labels: { HAPROXY_0_VHOST: 'web.example' } }),
  );
  await stack.inStep('/web');
  traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 8,
    close: 4,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
});
afterAll(async () => {
  await traffic.stop();
  await stack.close();
});

const noneFailed = () => {
  expect(traffic.result().failures).toEqual({});
  expect(traffic.result().ok).toBeGreaterThan(0);
};
const answering = async () => {
  const tasks = new Set<string>();
  for (let i = 0; i < 24; i++) tasks.add((await stack.ask({ host: 'web.example' })).json?.task ?? 'none');
  return [...tasks].sort();
};
const running = () =>
  stack.marathon
    .tasks('/web')
    .filter(({ state, healthy }) => state === 'TASK_RUNNING' && healthy !== false)
    .map(({ id }) => id)
    .sort();

test('scaling up brings the new tasks into service', async () => {
  await stack.marathon.scale('/web', 6);
  await stack.inStep('/web');
  expect(await answering()).toEqual(running());
  noneFailed();
});

test('scaling down takes tasks out, and no request fails', async () => {
  await stack.marathon.scale('/web', 3);
  await stack.inStep('/web');
  expect(await answering()).toEqual(running());
  noneFailed();
});

test('a killed task is replaced, and no request fails', async () => {
  const [victim] = running();
  await stack.marathon.kill(victim!);
  await stack.marathon.running('/web', 3);
  await stack.inStep('/web');
  expect(await answering()).toEqual(running());
  expect(running()).not.toContain(victim);
  noneFailed();
});

test('a task that Marathon calls unhealthy gets no requests until it recovers', async () => {
  const [sick] = running();
  stack.marathon.setHealthy(sick!, false);
  await stack.until('Marathon sees it', () =>
    stack.marathon.tasks('/web').some(({ healthy }) => healthy === false),
  );
  await stack.inStep('/web');
  expect(await answering()).not.toContain(sick);
  stack.marathon.setHealthy(sick!, true);
  await stack.until('Marathon sees it', () =>
    stack.marathon.tasks('/web').every(({ healthy }) => healthy !== false),
  );
  await stack.inStep('/web');
  // HAProxy's own check takes a moment to agree.
  await stack.until('it answers again', async () => (await answering()).includes(sick!));
  noneFailed();
});

test('a rolling redeploy replaces every task, and no request fails', async () => {
  const before = running();
  await stack.marathon.restart('/web');
  await stack.inStep('/web');
  expect(running().filter((id) => before.includes(id))).toEqual([]);
  expect(await answering()).toEqual(running());
  noneFailed();
});

test('a changed definition takes effect: another host, the old one unknown', async () => {
  await stack.marathon.deploy(httpApp('/other', ports[1]!, { labels: { HAPROXY_0_VHOST: 'old.example' } }));
  await stack.inStep('/other');
  await stack.marathon.update('/other', {
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'new.example' },
  });
  await stack.until(
    'the new host leads there',
    async () => (await stack.ask({ host: 'new.example' })).json?.app === '/other',
  );
  expect((await stack.ask({ host: 'old.example' })).status).toBe(404);
  noneFailed();
});

test('a host that moves to another app takes no reload', async () => {
  const before = (await stack.status()).haproxy.running?.reloads;
  await stack.marathon.update('/other', {
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'newer.example' },
  });
  await stack.until(
    'the newer host leads there',
    async () => (await stack.ask({ host: 'newer.example' })).json?.app === '/other',
  );
  expect((await stack.ask({ host: 'new.example' })).status).toBe(404);
  expect((await stack.status()).haproxy.running?.reloads).toBe(before);
  noneFailed();
});

test('an app that is deleted is gone, with its route and its port', async () => {
  await stack.marathon.remove('/other');
  await stack.until(
    'its host is unknown',
    async () => (await stack.ask({ host: 'newer.example' })).status === 404,
  );
  await expect(stack.ask({ port: ports[1]! })).rejects.toThrow('ECONNREFUSED');
  noneFailed();
});

test('many reloads in a row fail no request', async () => {
  const reloads = async () => (await stack.status()).haproxy.running?.reloads ?? 0;
  const before = await reloads();
  for (let i = 1; (await reloads()) - before < rounds(15, 50); i++) {
    // An app without tasks changes no server of /web, but another algorithm takes a reload each time.
    const labels = {
      HAPROXY_GROUP: 'external',
      HAPROXY_0_VHOST: `number-${i}.example`,
      HAPROXY_0_BALANCE: i % 2 === 0 ? 'leastconn' : 'roundrobin',
    };
    if (i === 1) await stack.marathon.deploy(httpApp('/changing', ports[2]!, { instances: 0, labels }));
    else await stack.marathon.update('/changing', { labels });
    await stack.until(
      'the host leads somewhere',
      async () => (await stack.ask({ host: `number-${i}.example` })).status === 503,
    );
  }
  noneFailed();
});

test('through all of it no difference had to be repaired by a resync', async () => {
  expect((await stack.status()).marathon.resyncDifferences).toBe(0);
  const result = await traffic.stop();
  expect(result).toMatchObject({ failed: 0 });
  expect(result.ok).toBeGreaterThan(100);
});
