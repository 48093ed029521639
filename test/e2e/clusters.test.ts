/** Several Marathons at once: each serves its own, and one that dies takes nothing with it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
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

async function start(): Promise<string[]> {
  west = await startSimulator({
    timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 100 },
    taskKilling: true,
  });
  stack = await startStack({ start: false, endpoints: () => [], flags: ['--reload-spacing', '0'] });
  const file = join(stack.directory, 'pacer.yaml');
  const clusters = { east: { marathon: stack.marathon.url }, west: { marathon: west.url } };
  writeFileSync(file, JSON.stringify({ 'stream-timeout': 2, 'max-confirmation-age': 1, clusters }));
  const flags = ['--config', file];
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
  const during = await status();
  expect(during.ready).toBe(true);
  expect(during.clusters).toMatchObject({ east: { connected: true }, west: { connected: false, tasks: 3 } });
  expect(await serverOf('/west/web')).toHaveLength(2);
  const metrics = (await stack.ask({ port: stack.ports.status, path: '/metrics' })).text;
  expect(metrics).toContain('pacer_marathon_connected{cluster="east"} 1\n');
  expect(metrics).toContain('pacer_marathon_connected{cluster="west"} 0\n');

  // A start while it is away: what is stored of it serves, and the other is followed.
  await sleep(3_000);
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
  expect(ok).toBeGreaterThan(100);
});
