/** `pacer simulate`, and apps in bulk. */
import { createServer } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { simulate as simulateCommand, type SimulateOptions } from '../../src/cli/commands/simulate.ts';
import { PacerError } from '../../src/errors.ts';
import { generateApps } from '../../src/simulator/generate.ts';
import { sampleApps } from '../../src/simulator/sample-apps.ts';
import { readSavedApps } from '../../src/simulator/saved.ts';
import { call, eventually, simulate } from './support.ts';

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pacer-simulate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'saved.json');
  writeFileSync(path, text);
  return path;
}

/** A network of agents on which the first host ports are somebody else's. */
async function takenAddresses(): Promise<{ agentNetwork: string; close: () => void }> {
  const agentNetwork = `127.${200 + (process.pid % 50)}.7`;
  const servers = await Promise.all(
    [1, 2, 3, 4, 5].map(async (agent) => {
      const server = createServer();
      await new Promise<void>((resolve) =>
        server.listen({ host: `${agentNetwork}.${agent}`, port: 31_000 }, resolve),
      );
      return server;
    }),
  );
  return { agentNetwork, close: () => servers.forEach((server) => server.close()) };
}

/** Runs the command until the test ends; gives its URL. */
async function command(options: Partial<SimulateOptions>): Promise<{ url: string; lines: string[] }> {
  const lines: string[] = [];
  const stop = new AbortController();
  const ended = simulateCommand(
    { port: 0, sampleApps: false, ...options },
    { out: (line) => lines.push(line), signal: stop.signal },
  );
  onTestFinished(async () => {
    stop.abort();
    expect(await ended).toBe(0);
  });
  await Promise.race([ended, eventually(() => lines.includes('It runs until Ctrl-C.'), 'the greeting')]);
  return { url: /http:\/\/[\d.:]+/.exec(lines[0] ?? '')?.[0] ?? '', lines };
}

describe('pacer simulate', () => {
  it('makes up apps with tasks and says where to look', async () => {
    const { url, lines } = await command({ apps: 3, tasks: 2 });
    expect(lines[0]).toBe(`A simulated Marathon listens on ${url} with 3 apps and 6 tasks.`);
    const { body } = await call(`${url}/v2/apps?embed=apps.tasks`, 'GET');
    const task = body.apps[2]!.tasks[0]!;
    expect(body.apps[2]).toMatchObject({ id: '/bench/app-00003', tasksHealthy: 2 });
    expect((await call(`http://${task.host}:${task.ports[0]}/`, 'GET')).body.task).toBe(task.id);
  });

  it('loads a saved group, with as many tasks as wanted', async () => {
    const { url } = await command({ load: fixture('real-group-155-100.json'), tasks: 2 });
    const { body } = await call(`${url}/v2/apps?embed=apps.tasks`, 'GET');
    expect(body.apps).toHaveLength(100);
    for (const app of body.apps) expect(app.tasks).toHaveLength(2);
  });

  it('says so where the saved apps want no tasks', async () => {
    const { lines } = await command({ load: fixture('real-group-155-100.json') });
    expect(lines[0]).toContain('with 100 apps and 0 tasks.');
    expect(lines[1]).toContain('--tasks');
  });

  it('loads a saved list with the number of tasks it had', async () => {
    const { url } = await command({ load: fixture('marathon15-apps.json') });
    const { body } = await call(`${url}/v2/apps`, 'GET');
    expect(body.apps).toMatchObject([{ id: '/pywebserver', tasksRunning: 1 }]);
    expect(body.apps[0]!.container.portMappings[0]!.servicePort).toBe(10_101);
  });

  it('starts the sample apps', { timeout: 20_000 }, async () => {
    const lines: string[] = [];
    const stop = new AbortController();
    const ended = simulateCommand(
      { port: 0, sampleApps: true },
      { out: (line) => lines.push(line), signal: stop.signal },
    );
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const url = /http:\/\/[\d.:]+/.exec(lines[0]!)![0];
    const { body } = await call(`${url}/v2/apps?embed=apps.tasks`, 'GET');
    expect(body.apps.map(({ id, tasksHealthy }) => [id, tasksHealthy])).toEqual([
      ['/shop/web', 2],
      ['/shop/api', 3],
      ['/account/session', 2],
      ['/admin/console', 1],
      ['/secure/site', 1],
      ['/infra/echo', 1],
    ]);
    stop.abort();
    expect(await ended).toBe(0);
  });

  it.each(['{"apps": []}', '[]', '{"id": "/", "apps": [], "groups": []}'])(
    'loads a saved answer of a Marathon without apps: %s',
    async (text) => {
      const { url, lines } = await command({ load: fileWith(text) });
      expect(lines[0]).toContain('with 0 apps and 0 tasks.');
      expect((await call(`${url}/v2/apps`, 'GET')).body.apps).toEqual([]);
    },
  );

  it(
    'tells which sample apps cannot listen, and ends at once all the same',
    { timeout: 20_000 },
    async () => {
      const { agentNetwork, close } = await takenAddresses();
      onTestFinished(close);
      const lines: string[] = [];
      const stop = new AbortController();
      const io = { out: (line: string) => lines.push(line), signal: stop.signal };
      const ended = simulateCommand({ port: 0, sampleApps: true, agentNetwork }, io);
      await eventually(() => lines.some((line) => line.includes('cannot start')), 'the report');
      expect(lines[0]).toMatch(/^A task of \/[a-z/]+ cannot start: listen EADDRINUSE: .*tried again/);
      const before = Date.now();
      stop.abort();
      expect(await ended).toBe(0);
      expect(Date.now() - before).toBeLessThan(2000);
    },
  );

  it.each([
    ['{"apps": [', 'FILE_MALFORMED', /is not JSON/],
    ['{"nothing": true}', 'FILE_MALFORMED', /holds no apps/],
    [undefined, 'FILE_UNREADABLE', /cannot be read/],
  ])('names a file that it cannot use, and what to do: %s', async (text, code, message) => {
    const load = text === undefined ? '/nowhere/saved.json' : fileWith(text);
    const io = { out: () => undefined, signal: new AbortController().signal };
    const error = await simulateCommand({ port: 0, sampleApps: false, load }, io).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PacerError);
    expect(error).toMatchObject({ code, remedy: expect.stringContaining('/v2/apps') as string });
    expect((error as PacerError).message).toContain(load);
    expect((error as PacerError).message).toMatch(message);
  });

  it('says when its port is taken', async () => {
    const { port } = await simulate();
    const io = { out: () => undefined, signal: new AbortController().signal };
    await expect(simulateCommand({ port, sampleApps: false }, io)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
  });
});

describe('saved answers', () => {
  it('are taken as lists, as groups with relative ids, and as single apps', () => {
    const ids = (saved: unknown): unknown[] =>
      readSavedApps(fileWith(JSON.stringify(saved))).map((app) => (app as { id: string }).id);
    expect(ids([{ id: '/a' }])).toEqual(['/a']);
    expect(ids({ app: { id: '/a' } })).toEqual(['/a']);
    expect(ids({ id: '/', apps: [], groups: [{ id: 'g', apps: [{ id: 'x' }, { id: '/g/y' }] }] })).toEqual([
      '/g/x',
      '/g/y',
    ]);
  });
});

describe('generated apps', () => {
  it('are the same each time, and each has a virtual host and a service port of its own', () => {
    const apps = generateApps(3) as {
      id: string;
      labels: Record<string, string>;
      container: { portMappings: { servicePort: number }[] };
    }[];
    expect(apps).toEqual(generateApps(3));
    expect(apps.map(({ labels }) => labels['HAPROXY_0_VHOST'])).toEqual([
      'app-00001.bench.localhost',
      'app-00002.bench.localhost',
      'app-00003.bench.localhost',
    ]);
    expect(apps[2]!.container.portMappings[0]!.servicePort).toBe(10_002);
  });

  it('come by the thousand, in the blink of an eye, and can be deployed on', async () => {
    const simulator = await simulate({ tasks: 'shared' });
    simulator.load(generateApps(2000), { tasksEach: 5 });
    expect(simulator.tasks()).toHaveLength(10_000);
    await simulator.restart('/bench/app-00007');
    expect(simulator.tasks('/bench/app-00007')).toHaveLength(5);
    await simulator.scale('/bench/app-01000', 6);
    const tasks = simulator.tasks('/bench/app-01000');
    expect(tasks).toHaveLength(6);
    const last = tasks.at(-1)!;
    expect((await call(`http://${last.address}:${last.port}/`, 'GET')).body.task).toBe(last.id);
  });
});

describe('the sample apps', () => {
  it('are all for external load balancers, each with a check and some network', () => {
    const apps = sampleApps() as unknown as {
      labels: Record<string, string>;
      healthChecks: unknown[];
      networks: { mode: string }[];
    }[];
    expect(apps).toHaveLength(6);
    for (const { labels, healthChecks } of apps) {
      expect(labels['HAPROXY_GROUP']).toBe('external');
      expect(healthChecks).toHaveLength(1);
    }
    const modes = new Set(apps.map(({ networks }) => networks[0]!.mode));
    expect([...modes].sort()).toEqual(['container', 'container/bridge', 'host']);
  });
});
