/** Several Marathons at once: each serves its own, and one that dies takes nothing with it. */
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { AppId } from '../../src/core/model/ids.ts';
import { mirrorFile, readMirror } from '../../src/daemon/storage/mirror-file.ts';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let west: Simulator;
afterEach(async () => {
  await stack.close();
  await west.close();
});

interface View {
  ready: boolean;
  notes: string[];
  clusters: Record<string, { connected: boolean; tasks: number; basis: string }>;
  haproxy: { inSync: boolean };
}

const status = async () => (await stack.status()) as unknown as View;

/** The settings file; what it holds counts from the next start. */
function configure(marathons: object): string[] {
  const file = join(stack.directory, 'pacer.yaml');
  writeFileSync(file, JSON.stringify({ 'stream-timeout': 2, 'max-confirmation-age': 1, ...marathons }));
  return ['--config', file];
}

const eastAndWest = () => ({
  clusters: { east: { marathon: stack.marathon.url }, west: { marathon: west.url } },
});

async function start(marathons = eastAndWest as () => object): Promise<string[]> {
  west = await startSimulator({
    timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 100 },
    taskKilling: true,
  });
  stack = await startStack({ start: false, endpoints: () => [], flags: ['--reload-spacing', '0'] });
  const flags = configure(marathons());
  stack.startPacer(flags);
  await stack.daemon().ready();
  return flags;
}

const labels = (host: string) => ({ HAPROXY_0_VHOST: host });
const serverOf = async (id: string) =>
  ((await stack.daemon().get(`/apps${id}`)) as { ports: { servers: { taskId: string }[] }[] } | undefined)
    ?.ports[0]?.servers ?? [];

async function serves(id: string, count: number): Promise<void> {
  await stack.until(
    `${id} has ${count} servers`,
    async () => (await serverOf(id)).length === count && (await status()).haproxy.inSync,
  );
}

const withheldOf = (view: unknown) => (view as { withheld: object | null } | undefined)?.withheld ?? null;

/** Waits until so many healthy tasks of the app are in the stored mirror of the cluster. */
async function stored(cluster: string | undefined, id: string, count: number): Promise<void> {
  await stack.until(`${id} is stored`, async () => {
    const mirror = await readMirror(mirrorFile(stack.directory, cluster));
    if (mirror.kind !== 'read') return false;
    const tasks = mirror.apps.get(id as AppId)?.tasks ?? [];
    return tasks.length === count && tasks.every(({ alive }) => alive.includes(true));
  });
}

test('one of two clusters dies: its last known servers stay, the other’s change, and no request fails', async () => {
  const flags = await start();
  const [a = 0, b = 0, c = 0] = await stack.freePorts(3);
  await stack.marathon.deploy(httpApp('/web', a, { instances: 2, labels: labels('east.example') }));
  await west.deploy(httpApp('/web', b, { instances: 2, labels: labels('west.example') }));
  await west.deploy(httpApp('/only', c, { labels: labels('only.example') }));
  await serves('/web', 2);
  await serves('/west/web', 2);
  await serves('/only', 1);
  expect((await stack.ask({ host: 'east.example' })).json?.app).toBe('/web');
  const hosts = ['east.example', 'west.example', 'only.example'];
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 3,
    close: 3,
    target: (client) => ({ host: hosts[client % 3]!, path: '/' }),
  });
  traffic.start();

  await west.stop();
  await stack.until('it is noticed', async () => (await status()).clusters['west']?.connected === false);
  await stack.marathon.scale('/web', 4);
  await serves('/web', 4);
  await stack.marathon.scale('/web', 1);
  await serves('/web', 1);
  await stack.until('it is told', async () =>
    (await status()).notes.some((note) => note.startsWith('cluster west has confirmed nothing')),
  );
  await stack.until('the node is ready all the same', async () => (await status()).ready);
  const during = await status();
  expect(during.clusters).toMatchObject({ east: { connected: true }, west: { connected: false, tasks: 3 } });
  expect(await serverOf('/west/web')).toHaveLength(2);
  const metrics = (await stack.ask({ port: stack.ports.status, path: '/metrics' })).text;
  expect(metrics).toContain('pacer_marathon_connected{cluster="east"} 1\n');
  expect(metrics).toContain('pacer_marathon_connected{cluster="west"} 0\n');

  // A start while it is away: what is stored of it serves, and the other is followed.
  await stored('west', '/web', 2);
  await stored('west', '/only', 1);
  await stack.daemon().stop('SIGKILL');
  stack.startPacer(flags);
  await stack.until('the other is followed', async () => {
    const view = (await stack.daemon().get('/status')) as View | undefined;
    return view?.clusters['east']?.connected === true && view.haproxy.inSync;
  });
  expect((await status()).clusters['west']).toMatchObject({ connected: false, basis: 'stored', tasks: 3 });
  expect(await serverOf('/west/web')).toHaveLength(2);
  await stack.marathon.scale('/web', 3);
  await serves('/web', 3);

  await west.resume();
  await stack.until('it is back', async () => (await status()).clusters['west']?.connected === true);
  await west.scale('/web', 3);
  await serves('/west/web', 3);
  const { ok, failures } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(20);
});

test.each([
  [
    'its cluster has another name now',
    'east',
    eastAndWest,
    () => ({ clusters: { 'east-1': { marathon: stack.marathon.url }, west: { marathon: west.url } } }),
  ],
  [
    'there was only one Marathon before',
    undefined,
    () => ({ marathon: stack.marathon.url }),
    () => ({ clusters: { 'east-1': { marathon: stack.marathon.url }, west: { marathon: west.url } } }),
  ],
])(
  'a Marathon is away at a start, and %s: its apps serve on, and the other is followed at once',
  async (_, name, before, after) => {
    await start(before);
    const [a = 0, b = 0] = await stack.freePorts(2);
    await stack.marathon.deploy(httpApp('/web', a, { instances: 2, labels: labels('east.example') }));
    await serves('/web', 2);
    const traffic = createTraffic({
      port: stack.ports.http,
      keepAlive: 2,
      close: 2,
      target: () => ({ host: 'east.example', path: '/' }),
    });
    traffic.start();
    await stored(name, '/web', 2);
    await stack.daemon().stop('SIGKILL');
    await stack.marathon.stop();
    stack.startPacer(configure(after()));
    await stack.until('it is known', async () => {
      const view = (await stack.daemon().get('/status')) as View | undefined;
      return view?.clusters['east-1']?.basis === 'stored' && view.haproxy.inSync;
    });
    await west.deploy(httpApp('/other', b, { labels: labels('west.example') }));
    await serves('/other', 1);
    expect(await serverOf('/web')).toHaveLength(2);
    await stack.marathon.resume();
    await stack.until('it is back', async () => (await status()).clusters['east-1']?.basis === 'marathon');
    await stack.marathon.scale('/web', 3);
    await serves('/web', 3);
    const { ok, failures } = await traffic.stop();
    expect(failures).toEqual({});
    expect(ok).toBeGreaterThan(20);
  },
);

test('a Marathon is away at a start, and nothing is stored of it: HAProxy keeps its apps until it answers', async () => {
  const flags = await start();
  const [a = 0, b = 0] = await stack.freePorts(2);
  await stack.marathon.deploy(httpApp('/web', a, { instances: 2, labels: labels('east.example') }));
  await west.deploy(httpApp('/other', b, { labels: labels('west.example') }));
  await serves('/web', 2);
  await serves('/other', 1);
  await stored('east', '/web', 2);
  await stored('west', '/other', 1);
  const traffic = createTraffic({
    port: stack.ports.http,
    ...{ keepAlive: 2, close: 2 },
    target: () => ({ host: 'east.example', path: '/' }),
  });
  traffic.start();
  await stack.daemon().stop('SIGKILL');
  await stack.marathon.stop();
  await rm(mirrorFile(stack.directory, 'east'));
  stack.startPacer(flags);

  await stack.until(
    'the loss is withheld',
    async () => withheldOf(await stack.daemon().get('/status')) !== null,
  );
  expect(withheldOf(await status())).toMatchObject({
    apps: 1,
    cause: expect.stringContaining('east') as string,
  });
  // What the other one tells is applied all the same.
  const before = west.tasks('/other')[0]!.id;
  await west.kill(before);
  await stack.until('the new task answers', async () => {
    const task = (await stack.ask({ host: 'west.example' })).json?.task;
    return task !== undefined && task !== before;
  });

  await stack.marathon.resume();
  await stack.until('nothing is withheld any more', async () => withheldOf(await status()) === null);
  await stack.marathon.scale('/web', 3);
  await serves('/web', 3);
  const { ok, failures } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(20);
});
