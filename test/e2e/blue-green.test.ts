/** Blue/green deploys with a tool that knows marathon-lb, on two load balancers, under load: no failed request. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appOf, call, swap, type DeployTool, type Step } from '../support/deploy-tool.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';

let first: Stack;
let second: Stack;
let tool: DeployTool;

const host = 'shop.example';
const instances = 4;
const backend = 'shop_10001';

beforeAll(async () => {
  const flags = ['--service-ports', 'none'];
  first = await startStack({ flags });
  second = await startStack({ flags, endpoints: () => [first.marathon.url] });
  tool = {
    marathon: first.marathon.url,
    loadBalancers: [first, second].map(({ ports }) => `http://127.0.0.1:${ports.stats}`),
  };
  await first.marathon.deploy(shop('blue', { instances, started: '2026-01-01T10:00:00.123456' }));
  await alone('/shop-blue');
});
afterAll(async () => {
  await second.close();
  await first.close();
});

function shop(
  colour: 'blue' | 'green',
  parts: { instances: number; started: string; labels?: Record<string, string> },
) {
  return httpApp(`/shop-${colour}`, colour === 'blue' ? 10001 : 10002, {
    instances: parts.instances,
    labels: {
      HAPROXY_0_VHOST: host,
      HAPROXY_0_PORT: '10001',
      HAPROXY_DEPLOYMENT_GROUP: 'shop',
      HAPROXY_DEPLOYMENT_ALT_PORT: '10002',
      HAPROXY_DEPLOYMENT_COLOUR: colour,
      HAPROXY_DEPLOYMENT_STARTED_AT: parts.started,
      HAPROXY_DEPLOYMENT_TARGET_INSTANCES: String(instances),
      ...parts.labels,
    },
  });
}

/** Quick requests and such that a task needs a while for, on both load balancers. */
function load(): Traffic[] {
  const traffic = [first, second].map(({ ports }) =>
    createTraffic({
      port: ports.http,
      keepAlive: 4,
      close: 2,
      target: (client) => ({ host, path: client % 3 === 0 ? '/?delay=400' : '/' }),
    }),
  );
  for (const it of traffic) it.start();
  return traffic;
}

async function countFailures(traffic: readonly Traffic[]): Promise<{ ok: number; failures: object }> {
  const results = await Promise.all(traffic.map((it) => it.stop()));
  return {
    ok: results.reduce((sum, { ok }) => sum + ok, 0),
    failures: Object.assign({}, ...results.map(({ failures }) => failures)) as object,
  };
}

/** Waits until both load balancers have the app's tasks and no others. */
async function alone(app: string): Promise<void> {
  for (const stack of [first, second]) {
    await stack.until(`the servers are the tasks of ${app}`, async () => {
      const tasks = first.marathon.tasks(app).filter(({ state }) => state === 'TASK_RUNNING');
      const view = (await stack.daemon().get(`/apps${app}`)) as
        { ports: { servers: { taskId: string; admin: string }[] }[] } | undefined;
      const servers = view?.ports[0]?.servers ?? [];
      const text = (ids: string[]) => ids.sort().join();
      return (
        tasks.length === instances &&
        servers.every(({ admin }) => admin === 'ready') &&
        text(servers.map(({ taskId }) => taskId)) === text(tasks.map(({ id }) => id)) &&
        (await stack.status()).haproxy.inSync
      );
    });
  }
}

async function serving(stack: Stack): Promise<Set<string | undefined>> {
  const apps = new Set<string | undefined>();
  for (let i = 0; i < 12; i++) apps.add((await stack.ask({ host })).json?.app);
  return apps;
}

test('the tool replaces one side by the other, task by task, and no request fails', async () => {
  const traffic = load();
  const steps: Step[] = [];
  await call(
    `${tool.marathon}/v2/apps`,
    'POST',
    shop('green', { instances: 1, started: '2026-01-01T11:00:00' }),
  );
  await swap(tool, { oldId: 'shop-blue', newId: 'shop-green', backend, target: instances }, (step) => {
    steps.push(step);
    return true;
  });
  await first.until('the old side is gone', async () =>
    [...(await serving(first)), ...(await serving(second))].every((app) => app === '/shop-green'),
  );
  const { ok, failures } = await countFailures(traffic);
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(50);
  // Never were more ended than had been replaced.
  expect(steps.length).toBeGreaterThan(2);
  for (const { old, fresh, killed } of steps) expect(killed.length).toBeLessThanOrEqual(Math.min(old, fresh));
  await alone('/shop-green');
});

test('a deploy that is given up leaves the old side as it was, and no request fails', async () => {
  const traffic = load();
  await call(
    `${tool.marathon}/v2/apps`,
    'POST',
    shop('blue', { instances: 2, started: '2026-01-01T12:00:00' }),
  );
  await swap(tool, { oldId: 'shop-green', newId: 'shop-blue', backend, target: instances }, () => false);
  await call(`${tool.marathon}/v2/apps/shop-blue?force=true`, 'DELETE');
  await alone('/shop-green');
  await first.until(
    'only the old side serves',
    async () => [...(await serving(first))].join() === '/shop-green',
  );
  const { failures } = await countFailures(traffic);
  expect(failures).toEqual({});
  expect((await appOf(tool, 'shop-green')).instances).toBe(instances);
});

test('a side that keeps some tasks serves beside the other, and a reload in between changes nothing', async () => {
  const traffic = load();
  const labels = { HAPROXY_DEPLOYMENT_NEW_INSTANCES: '2' };
  await call(
    `${tool.marathon}/v2/apps`,
    'POST',
    shop('blue', { instances: 2, started: '2026-01-01T13:00:00', labels }),
  );
  let admissions = '';
  const settled = async () => {
    const view = (await first.daemon().get('/apps/shop-green')) as {
      ports: { servers: { admin: string }[] }[];
    };
    admissions = (view.ports[0]?.servers ?? [])
      .map(({ admin }) => admin)
      .sort()
      .join(' ');
    return admissions === 'maint maint ready ready ready ready';
  };
  await first.until('two of the old side are drained', settled);
  const reloads = async () => (await first.status()).haproxy.running?.reloads ?? 0;
  const before = await reloads();
  await first.marathon.deploy(httpApp('/another', 10005, { labels: { HAPROXY_0_VHOST: 'another.example' } }));
  await first.inStep('/another');
  expect(await reloads()).toBeGreaterThan(before);
  await first.until('they still are', async () => {
    const csv = (await first.ask({ port: first.ports.stats, path: '/haproxy?stats;csv' })).text;
    const rows = csv.split('\n').filter((row) => row.startsWith(`${backend},`));
    return rows.filter((row) => row.includes(',MAINT,')).length === 2;
  });
  expect(await serving(first)).toEqual(new Set(['/shop-blue', '/shop-green']));
  expect((await countFailures(traffic)).failures).toEqual({});
});
