/** `--spare-backends`: apps come and go without a reload, in backends that HAProxy has ready. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { activeConfigFile } from '../../src/haproxy/files/publish.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
afterEach(() => stack.close());

const start = async (...flags: string[]) => {
  stack = await startStack({ flags });
  await stack.daemon().ready();
};

const app = (id: string, { path = '/health', ...labels }: Record<string, string> = {}) => {
  const made = httpApp(id, 0, { labels: { HAPROXY_0_VHOST: hostOf(id), ...labels } });
  return { ...made, healthChecks: made.healthChecks.map((check) => ({ ...check, path })) };
};
const hostOf = (id: string) => `${id.slice(1)}.example`;
const served = async (id: string) => {
  const { status, json } = await stack.ask({ host: hostOf(id) });
  // Nobody is ever answered by another app.
  expect([undefined, id]).toContain(json?.app);
  return status === 200;
};
const reloads = async () => (await stack.status()).haproxy.running?.reloads ?? 0;
const deploy = async (id: string, labels?: Record<string, string>) => {
  await stack.marathon.deploy(app(id, labels));
  await stack.until(`${id} serves`, () => served(id));
};
const remove = async (id: string) => {
  await stack.marathon.remove(id);
  await stack.until(
    `${id} is nobody any more`,
    async () => (await stack.ask({ host: hostOf(id) })).status === 404,
  );
};
const text = async (path: string) => (await fetch(`http://127.0.0.1:${stack.ports.status}${path}`)).text();
const configuration = () => readFile(activeConfigFile(stack.directory), 'utf8');
const settled = () =>
  stack.until('HAProxy and the text have followed', async () => {
    const { haproxy, failure } = await stack.status();
    return haproxy.inSync && failure === null;
  });

test('two hundred apps come and go without a reload and without a failed request, and one reload gives those that stay their names', async () => {
  await start('--service-ports', 'none', '--spare-backends', '60', '--settle-after', '12');
  await deploy('/steady');
  await deploy('/steady-least', { HAPROXY_0_BALANCE: 'leastconn', path: '/other' });
  await settled();
  const before = await reloads();
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: (client) => ({ host: client % 2 === 0 ? 'steady.example' : 'steady-least.example', path: '/' }),
  });
  traffic.start();
  const live = new Set<string>();
  const failures: string[] = [];
  let asked = 0;
  let isOver = false as boolean;
  const watching = (async () => {
    while (!isOver) {
      for (const id of live) {
        const { status, json } = await stack.ask({ host: hostOf(id) });
        asked += 1;
        if (live.has(id) && (status !== 200 || json?.app !== id))
          failures.push(`${id}: ${status} ${json?.app ?? ''}`);
      }
      await sleep(5);
    }
  })();
  let next = 0;
  const worker = async () => {
    while (next < 200) {
      const n = next++;
      const id = `/app-${n}`;
      await deploy(id, {
        path: n % 3 === 0 ? `/check/${n}` : '/health',
        ...(n % 4 === 0 && { HAPROXY_0_BALANCE: 'leastconn' }),
      });
      live.add(id);
      await sleep(50);
      if (n % 20 === 0) continue;
      live.delete(id);
      await remove(id);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker(), worker()]);
  expect(await reloads()).toBe(before);
  expect(await configuration()).toMatch(/\nbackend pacer_spare_\w+ from pacer_profile_\w+\n +server /);
  isOver = true;
  await watching;
  expect(failures).toEqual([]);
  expect(asked).toBeGreaterThan(100);

  await stack.until('one reload settles', async () => (await reloads()) > before);
  await settled();
  expect(await reloads()).toBe(before + 1);
  const { failures: failed, ok } = await traffic.stop();
  expect(failed).toEqual({});
  expect(ok).toBeGreaterThan(100);
  const text = await configuration();
  for (const id of live) {
    expect(await served(id)).toBe(true);
    expect(text).toContain(`\nbackend ${id.slice(1)}_`);
  }
  expect(text).not.toMatch(/\nbackend pacer_spare_\w+ from pacer_profile_\w+\n +server /);
  expect(text).toMatch(/\nbackend pacer_spare_/);
});

test('whoever asks learns which backend serves which app, before and after the names are settled', async () => {
  await start('--service-ports', 'none', '--spare-backends', '4', '--settle-after', '6');
  await deploy('/first');
  await settled();
  await deploy('/second');
  const own = /^second_\d+$/;
  const apps = (await stack.daemon().get('/apps')) as {
    id: string;
    services: { backend: string; haproxyBackend: string }[];
  }[];
  const [second] = apps.find(({ id }) => id === '/second')?.services ?? [];
  expect(second?.backend).toMatch(own);
  expect(second?.haproxyBackend).toMatch(/^pacer_spare_/);
  const carrier = second?.haproxyBackend ?? '';
  const [first] = apps.find(({ id }) => id === '/first')?.services ?? [];
  expect(first?.haproxyBackend).toBe(first?.backend);
  const endpoint = async (path: string) => (await stack.ask({ port: stack.ports.stats, path })).text;
  expect(await endpoint('/_haproxy_getvhostmap')).toContain(`second.example ${carrier}\n`);
  expect(await endpoint('/_haproxy_getappmap')).toContain(`/second ${carrier}\n`);
  const metrics = await text('/metrics');
  expect(metrics).toContain(
    `pacer_service_info{app="/second",port="0",backend="${second?.backend ?? ''}",haproxy_backend="${carrier}"} 1`,
  );
  expect(metrics).toContain('pacer_spare_backends{state="used"} 1');
  expect(metrics).toContain('pacer_spare_backends{state="free"} 3');
  expect((await stack.status()).haproxy).toMatchObject({ spares: { inUse: 1, free: 3 } });
  // HAProxy's own name of the backend is a question as good as any.
  for (const question of ['second.example', '/second', carrier]) {
    const answer = (await stack.daemon().get(`/explain?q=${encodeURIComponent(question)}`)) as {
      served: boolean;
      services: { appId: string; haproxyBackend: string }[];
    };
    expect(answer.served).toBe(true);
    expect(answer.services).toMatchObject([{ appId: '/second', haproxyBackend: carrier }]);
  }
  await stack.until('it has its own name', async () =>
    (await endpoint('/_haproxy_getvhostmap')).includes(`second.example ${second?.backend ?? ''}\n`),
  );
  expect(await text('/metrics')).toContain('pacer_spare_backends{state="free"} 4');
});

test('a Pacer that is killed knows again what each spare serves, and a reload by somebody else changes nothing', async () => {
  await start('--service-ports', 'none', '--spare-backends', '4', '--settle-after', 'never');
  await deploy('/first');
  await settled();
  const before = await reloads();
  await deploy('/second');
  await settled();
  // The text on disk has not followed yet.
  await deploy('/third');
  await stack.daemon().stop('SIGKILL');
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 2,
    close: 2,
    target: (client) => ({ host: client % 2 === 0 ? 'second.example' : 'third.example', path: '/' }),
  });
  traffic.start();
  stack.startPacer();
  await stack.daemon().ready();
  await settled();
  await deploy('/fourth');
  expect(await reloads()).toBe(before);
  await remove('/fourth');
  await deploy('/fifth');
  expect(await reloads()).toBe(before);
  for (const id of ['/first', '/second', '/third', '/fifth']) expect(await served(id)).toBe(true);
  const { failures } = await traffic.stop();
  expect(failures).toEqual({});

  const { masterPid = 0 } = (await stack.status()).haproxy.running ?? {};
  process.kill(masterPid, 'SIGUSR2');
  await stack.until('HAProxy was reloaded', async () => (await reloads()) > before);
  await settled();
  for (const id of ['/first', '/second', '/third', '/fifth'])
    await stack.until(`${id} serves`, () => served(id));
  expect(await reloads()).toBe(before + 1);
});

test('an app whose options change moves to a backend of the new kind, without a failed request', async () => {
  await start('--service-ports', 'none', '--spare-backends', '8', '--settle-after', 'never');
  await deploy('/first');
  await deploy('/least', { HAPROXY_0_BALANCE: 'leastconn' });
  await deploy('/moving');
  await settled();
  const before = await reloads();
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: () => ({ host: 'moving.example', path: '/' }),
  });
  traffic.start();
  for (const balance of ['leastconn', 'roundrobin', 'leastconn']) {
    await stack.marathon.deploy(app('/moving', { HAPROXY_0_BALANCE: balance }));
    await stack.inStep('/moving');
    await settled();
  }
  expect(await reloads()).toBe(before);
  expect(await served('/moving')).toBe(true);
  const { failures, ok } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
});

test('what no spare can serve takes a reload: an app beyond the last spare, one of a new kind, one of a deployment group', async () => {
  await start('--service-ports', 'none', '--spare-backends', '1', '--settle-after', 'never');
  await deploy('/first');
  await settled();
  let before = await reloads();
  const reloaded = async () => {
    await settled();
    const now = await reloads();
    const count = now - before;
    before = now;
    return count;
  };
  await deploy('/in-spare');
  expect(await reloaded()).toBe(0);
  await deploy('/beyond');
  expect(await reloaded()).toBe(1);
  await deploy('/in-spare-again');
  expect(await reloaded()).toBe(0);
  await deploy('/new-kind', { HAPROXY_0_USE_HSTS: 'true' });
  expect(await reloaded()).toBe(1);
  await deploy('/group-blue', {
    HAPROXY_DEPLOYMENT_GROUP: 'group',
    HAPROXY_DEPLOYMENT_ALT_PORT: '10999',
    HAPROXY_0_PORT: '10998',
    HAPROXY_DEPLOYMENT_COLOUR: 'blue',
  });
  expect(await reloaded()).toBe(1);
  expect(await configuration()).toMatch(/\nbackend group_10998 from /);
});

test('an app with a listener, and one beside another that needs a reload, is served by its host while the reload has to wait', async () => {
  await start(
    '--spare-backends',
    '4',
    '--settle-after',
    'never',
    '--reload-burst',
    '1',
    '--reload-spacing',
    '12',
  );
  const [first = 0, second = 0, third = 0] = await stack.freePorts(3);
  await deploy('/first', { HAPROXY_0_PORT: `${first}` });
  await settled();
  await deploy('/used-up', { HAPROXY_0_USE_HSTS: 'true', HAPROXY_0_PORT: `${third}` });
  await settled();
  const before = await reloads();
  const began = Date.now();
  await deploy('/second', { HAPROXY_0_PORT: `${second}` });
  // Of a kind that no spare has.
  await stack.marathon.deploy(app('/other', { HAPROXY_0_BALANCE: 'leastconn', HAPROXY_0_ENABLED: 'true' }));
  await deploy('/third');
  expect(await reloads()).toBe(before);
  expect(Date.now() - began).toBeLessThan(11_000);
  await expect(stack.ask({ port: second })).rejects.toThrow('ECONNREFUSED');
  await stack.until('the reload has come', async () => (await reloads()) > before);
  await settled();
  expect(await reloads()).toBe(before + 1);
  expect((await stack.ask({ port: second })).json?.app).toBe('/second');
  for (const id of ['/first', '/second', '/third', '/other', '/used-up']) expect(await served(id)).toBe(true);
  expect(await configuration()).not.toMatch(/\nbackend pacer_spare_\w+ from pacer_profile_\w+\n +server /);
});

test('with --dynamic-backends as well, a HAProxy that adds backends has no spare ones, and any other has', async () => {
  await start(
    '--service-ports',
    'none',
    '--spare-backends',
    '2',
    '--dynamic-backends',
    '--settle-after',
    'never',
  );
  await deploy('/first');
  await settled();
  const before = await reloads();
  await deploy('/second');
  await settled();
  expect(await reloads()).toBe(before);
  const written = await configuration();
  expect(written.includes('\nbackend pacer_spare_')).not.toBe(
    written.includes('set-var proc.pacer_backends '),
  );
});
