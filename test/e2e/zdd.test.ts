/** marathon-lb's zdd on two load balancers, under load: each of its deploys comes to its end, and no request fails. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startStack, type Stack } from '../support/stack.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';
import { readStatistics, zddDeploy, type Zdd, type ZddInput } from '../support/zdd.ts';

let first: Stack;
let second: Stack;
let zdd: Zdd;
let traffic: Traffic[];

const host = 'shop.example';
const backend = 'shop_10001';

/** What the user gives the tool; the version shows which deploy a task belongs to. */
const shop = (version: string): ZddInput => ({
  ...{ id: '/shop', instances: 4, cpus: 0.1, mem: 32, env: { VERSION: version } },
  networks: [{ mode: 'container/bridge' }],
  container: {
    ...{ type: 'DOCKER', docker: { image: 'shop' } },
    portMappings: [{ containerPort: 8080, hostPort: 0, servicePort: 10001 }],
  },
  healthChecks: [{ protocol: 'HTTP', path: '/health', intervalSeconds: 1, gracePeriodSeconds: 10 }],
  labels: {
    HAPROXY_GROUP: 'external',
    HAPROXY_0_VHOST: host,
    HAPROXY_DEPLOYMENT_GROUP: 'shop',
    HAPROXY_DEPLOYMENT_ALT_PORT: '10002',
  },
});

beforeAll(async () => {
  const flags = ['--service-ports', 'none'];
  first = await startStack({ flags });
  second = await startStack({ flags, endpoints: () => [first.marathon.url] });
  zdd = {
    marathon: first.marathon.url,
    loadBalancers: [first, second].map(({ ports }) => `http://127.0.0.1:${ports.stats}`),
    ...{ stepMs: 200, maxWaitMs: 2500 },
  };
  for (const stack of [first, second]) await stack.daemon().ready();
  expect(await zddDeploy(zdd, shop('1'))).toBe('first');
  await serves({ '/shop-blue': 4 });
});
afterAll(async () => {
  await second.close();
  await first.close();
});

beforeEach(() => {
  traffic = [first, second].map(({ ports }) =>
    createTraffic({
      port: ports.http,
      keepAlive: 3,
      close: 2,
      target: (client) => ({ host, path: client % 3 === 0 ? '/?delay=300' : '/' }),
    }),
  );
  for (const it of traffic) it.start();
});
afterEach(async () => {
  const results = await Promise.all(traffic.map((it) => it.stop()));
  for (const { ok, failures } of results) {
    expect(failures).toEqual({});
    expect(ok).toBeGreaterThan(50);
  }
});

/** Waits until both load balancers have so many servers of each app that take requests, and no others. */
async function serves(expected: Record<string, number>): Promise<void> {
  const wanted = Object.entries(expected).flatMap(([app, count]) =>
    Array.from({ length: count }, () => `${app} UP`),
  );
  for (const { ports, until } of [first, second]) {
    let seen = '';
    await until(
      () => `${wanted.join()} (there are ${seen})`,
      async () => {
        const text = await (await fetch(`http://127.0.0.1:${ports.stats}/haproxy?stats;csv`)).text();
        const appOf = new Map(
          first.marathon
            .tasks()
            .map(({ appId, host: agent, ports: [port] }) => [`${agent.replaceAll('.', '_')}_${port}`, appId]),
        );
        seen = readStatistics(text)
          .filter(({ pxname, svname = '' }) => pxname === backend && !svname.endsWith('END'))
          .map(({ svname = '', status }) => `${appOf.get(svname)} ${status}`)
          .sort()
          .join();
        return seen === wanted.sort().join();
      },
    );
  }
}

const instances = async () => {
  const { apps } = (await (await fetch(`${zdd.marathon}/v2/apps`)).json()) as {
    apps: { id: string; instances: number }[];
  };
  return Object.fromEntries(apps.map((app): [string, number] => [app.id, app.instances]));
};

describe('the tool', () => {
  test('replaces one version by the next', async () => {
    expect(await zddDeploy(zdd, shop('2'))).toBe('swapped');
    await serves({ '/shop-green': 4 });
    expect(await instances()).toEqual({ '/shop-green': 4 });
  });

  test('makes the service a hybrid of both versions, and starts no other deploy then', async () => {
    expect(await zddDeploy(zdd, shop('3'), { newInstances: 2 })).toBe('hybrid');
    await serves({ '/shop-green': 2, '/shop-blue': 2 });
    await expect(zddDeploy(zdd, shop('4'))).rejects.toThrow('in progress already');
  });

  test('--complete-cur makes a hybrid all of the later version', async () => {
    expect(await zddDeploy(zdd, shop('3'), { complete: 'cur' })).toBe('swapped');
    await serves({ '/shop-blue': 4 });
    expect(await instances()).toEqual({ '/shop-blue': 4 });
  });

  test('--complete-prev makes a hybrid all of the earlier version again', async () => {
    expect(await zddDeploy(zdd, shop('4'), { newInstances: 1 })).toBe('hybrid');
    await serves({ '/shop-blue': 3, '/shop-green': 1 });
    expect(await zddDeploy(zdd, shop('4'), { complete: 'prev' })).toBe('swapped');
    await serves({ '/shop-blue': 4 });
    expect(await instances()).toEqual({ '/shop-blue': 4 });
  });

  test('completes nothing that is no hybrid, and starts with as many as it is told', async () => {
    await expect(zddDeploy(zdd, shop('5'), { complete: 'prev' })).rejects.toThrow('not hybrid');
    expect(await zddDeploy(zdd, shop('5'), { initialInstances: 4 })).toBe('swapped');
    await serves({ '/shop-green': 4 });
  });
});
