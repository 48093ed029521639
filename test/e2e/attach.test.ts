/** HAProxy is started, stopped and restarted by somebody else; Pacer has its sockets and keeps it in step. */
import { readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { activeConfigFile, listRevisions } from '../../src/haproxy/files/publish.ts';
import { replaceSocket } from '../support/chaos.ts';
import { initFor, masterSocketOf, startOwnHaproxy, type OwnHaproxy } from '../support/own-haproxy.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let ports: number[];
let haproxy: OwnHaproxy;

beforeAll(async () => {
  stack = await startStack({
    start: false,
    flags: ['--reload-spacing', '0', '--haproxy-mode', 'attach'],
    // A task that ends within a reload of its SIGTERM leaves no time to follow; this one takes a second.
    simulator: { taskKilling: true, timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 1000 } },
  });
  ports = await stack.freePorts(3);
});
afterAll(async () => {
  await stack.close();
  await haproxy.end();
});

const startPacer = () =>
  stack.startPacer([
    '--haproxy-master-socket',
    masterSocketOf(stack),
    '--haproxy-socket',
    join(stack.directory, 'run', 'haproxy.sock'),
  ]);
const running = async () => (await stack.status()).haproxy.running;
const statusOf = async (host: string) => (await stack.ask({ host }).catch(() => undefined))?.status;
const why = async () => {
  const answer = await stack.ask({ port: stack.ports.status, path: '/readyz' }).catch(() => undefined);
  return String((answer?.json as unknown as { why: string[] } | undefined)?.why);
};
const web = (parts: Record<string, unknown> = {}) =>
  httpApp('/web', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' }, ...parts });

test('before Pacer has ever run, init gives HAProxy a configuration that answers 503 to every host', async () => {
  expect(await initFor(stack)).toBe(0);
  haproxy = await startOwnHaproxy(stack);
  const answer = await stack.ask({ host: 'web.example' });
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('5');
  expect(answer.text).toContain('The load balancer is starting');
});

test('init leaves a configuration that is there as it is', async () => {
  const before = await readlink(join(stack.directory, 'current'));
  expect(await initFor(stack, { maxconn: '400' })).toBe(0);
  expect(await readlink(join(stack.directory, 'current'))).toBe(before);
});

test('where HAProxy is not installed, init writes the configuration without a check', async () => {
  const stateDir = join(stack.directory, 'elsewhere');
  expect(await initFor(stack, { stateDir, haproxyBin: '/nowhere/haproxy' })).toBe(0);
  expect(await readFile(activeConfigFile(stateDir), 'utf8')).toContain('errors/starting.html');
});

test('Pacer joins that HAProxy and brings the apps into service', async () => {
  await startPacer().ready();
  expect(await statusOf('web.example')).toBe(404);
  await stack.marathon.deploy(web());
  await stack.inStep('/web');
  expect(await statusOf('web.example')).toBe(200);
  expect((await running())?.masterPid).toBe(haproxy.masterPid);
});

test('scaling and redeploying under traffic fails no request', async () => {
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 6,
    close: 4,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
  await stack.marathon.scale('/web', 4);
  await stack.inStep('/web');
  await stack.marathon.update('/web', { env: { VERSION: '2' } });
  await stack.inStep('/web');
  await stack.marathon.scale('/web', 2);
  await stack.inStep('/web');
  const { failures, ok } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
  expect((await running())?.masterPid).toBe(haproxy.masterPid);
});

test('when Pacer stops HAProxy goes on, and the next Pacer joins it without a reload', async () => {
  const before = await running();
  expect(await stack.daemon().stop()).toBe(0);
  expect(await statusOf('web.example')).toBe(200);
  await startPacer().ready();
  expect(await running()).toMatchObject({ workerPid: before?.workerPid, reloads: before?.reloads });
});

test('a HAProxy that is restarted by somebody else starts with what it ran, and takes what came meanwhile', async () => {
  await haproxy.end();
  await stack.until('Pacer says that HAProxy is away', async () =>
    (await why()).includes(masterSocketOf(stack)),
  );
  await stack.marathon.deploy(httpApp('/late', ports[1]!, { labels: { HAPROXY_0_VHOST: 'late.example' } }));
  haproxy = await startOwnHaproxy(stack);
  expect(await statusOf('web.example')).toBe(200);
  await stack.inStep('/late');
  expect(await statusOf('late.example')).toBe(200);
  expect((await running())?.masterPid).toBe(haproxy.masterPid);
});

test('a Pacer that starts while HAProxy is away says so, and recovers when it comes', async () => {
  await stack.daemon().stop();
  await haproxy.end();
  await stack.marathon.update('/late', {
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'b.example' },
  });
  const saidBefore = (await stack.log()).length;
  startPacer();
  await stack.until('several attempts have failed', async () => {
    const said = (await stack.log()).slice(saidBefore);
    return said.split('Change not applied').length > 2;
  });
  const said = (await stack.log()).slice(saidBefore);
  expect(said).toContain('HAProxy does not answer yet; Pacer waits for it');
  expect(said).toContain(`no HAProxy master answers on ${masterSocketOf(stack)}`);
  expect((await listRevisions(stack.directory)).length).toBeLessThanOrEqual(7);
  haproxy = await startOwnHaproxy(stack);
  await stack.daemon().ready();
  expect(await statusOf('b.example')).toBe(200);
});

test('where the runtime socket is gone, changes go through the master of that HAProxy, with no reload', async () => {
  const before = await running();
  const undo = await replaceSocket(join(stack.directory, 'run', 'haproxy.sock'), { kind: 'garbage' });
  try {
    await stack.marathon.scale('/web', 3);
    await stack.inStep('/web');
    const { runtimeSocketFault } = (await stack.status()).haproxy as unknown as {
      runtimeSocketFault: string;
    };
    expect(runtimeSocketFault).toContain('haproxy.sock');
    await stack.marathon.scale('/web', 2);
    await stack.inStep('/web');
  } finally {
    await undo();
  }
  expect(await running()).toMatchObject({ workerPid: before?.workerPid, reloads: before?.reloads });
});

test('a worker of that HAProxy that is killed takes HAProxy down, which is told, and its next start is joined', async () => {
  const worker = (await running())?.workerPid ?? 0;
  process.kill(worker, 'SIGKILL');
  await stack.until('Pacer says that HAProxy is away', async () =>
    (await why()).includes(masterSocketOf(stack)),
  );
  await haproxy.end();
  haproxy = await startOwnHaproxy(stack);
  await stack.daemon().ready();
  await stack.inStep('/web');
  expect(await statusOf('web.example')).toBe(200);
});

test('a state directory that was lost does not take away what HAProxy serves, and is made again', async () => {
  await stack.daemon().stop();
  await stack.marathon.stop();
  for (const name of ['current', 'revisions']) {
    await rm(join(stack.directory, name), { recursive: true });
  }
  const saidBefore = (await stack.log()).length;
  startPacer();
  await stack.until('Pacer asks Marathon', async () =>
    (await stack.log()).slice(saidBefore).includes('following Marathon'),
  );
  expect(await statusOf('web.example')).toBe(200);
  await stack.marathon.resume();
  await stack.daemon().ready();
  await stack.inStep('/web');
  expect(await statusOf('web.example')).toBe(200);
  const { running: now } = (await stack.status()).haproxy;
  await stack.until('a HAProxy that starts would find what this one runs', async () =>
    (await readlink(join(stack.directory, 'current'))).includes(`-${now?.hash.slice(0, 8) ?? 'nothing'}`),
  );
});
