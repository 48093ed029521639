/** A HAProxy that does not answer, or whose sockets somebody removed, is waited for and kept: it may serve all the while. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { runtimeSocketOf } from '../support/chaos.ts';
import { masterSocketOf } from '../support/own-haproxy.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
afterEach(() => stack.close());

const simulator = { taskKilling: true, timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 1000 } };
const app = (name: string, port: number, parts: Record<string, unknown> = {}) =>
  httpApp(`/${name}`, port, { instances: 2, labels: { HAPROXY_0_VHOST: `${name}.example` }, ...parts });
const trafficTo = (host: string) =>
  createTraffic({
    port: stack.ports.http,
    ...{ keepAlive: 4, close: 4 },
    target: () => ({ host, path: '/' }),
  });
const recordedMaster = async () =>
  Number(await readFile(join(stack.directory, 'run', 'haproxy.pid'), 'utf8'));

async function serving(names: readonly string[]): Promise<number[]> {
  stack = await startStack({ flags: ['--reload-spacing', '0'], simulator });
  const ports = await stack.freePorts(names.length + 2);
  for (const [i, name] of names.entries()) await stack.marathon.deploy(app(name, ports[i]!));
  for (const name of names) await stack.inStep(`/${name}`);
  return ports.slice(names.length);
}

test('HAProxy, frozen while an app is deployed, keeps all services when it goes on', async () => {
  const [port] = await serving(['web', 'shop']);
  const { masterPid, workerPid } = (await stack.status()).haproxy.running!;
  for (const pid of [masterPid, workerPid]) process.kill(pid, 'SIGSTOP');
  try {
    await stack.marathon.deploy(app('late', port!));
    // The fault itself lasts so long, beyond all deadlines of one question; nothing is asserted about it.
    await sleep(11_000);
  } finally {
    for (const pid of [masterPid, workerPid]) process.kill(pid, 'SIGCONT');
  }
  const traffic = ['web.example', 'shop.example'].map(trafficTo);
  for (const each of traffic) each.start();
  await stack.inStep('/late');
  // Whatever was decided while HAProxy was silent has come into effect by now.
  await stack.marathon.scale('/web', 3);
  await stack.inStep('/web');
  for (const each of traffic) {
    const { failures, ok } = await each.stop();
    expect(failures).toEqual({});
    expect(ok).toBeGreaterThan(0);
  }
  expect((await stack.status()).diagnostics).toEqual([]);
  expect((await stack.status()).haproxy.running?.masterPid).toBe(masterPid);
  expect((await stack.ask({ host: 'late.example' })).status).toBe(200);
});

test('a Pacer that starts beside a frozen HAProxy waits for it, and goes on with it', async () => {
  await serving(['web']);
  const { masterPid, workerPid } = (await stack.status()).haproxy.running!;
  await stack.daemon().stop('SIGKILL');
  for (const pid of [masterPid, workerPid]) process.kill(pid, 'SIGSTOP');
  try {
    stack.startPacer();
    await stack.until('Pacer follows Marathon', async () => {
      const starts = (await stack.log()).split('following Marathon').length - 1;
      return starts === 2;
    });
    expect(await stack.log()).toContain(`kill -CONT ${masterPid}`);
  } finally {
    for (const pid of [masterPid, workerPid]) process.kill(pid, 'SIGCONT');
  }
  await stack.daemon().ready();
  await stack.inStep('/web');
  expect((await stack.status()).haproxy.running).toMatchObject({ masterPid, workerPid });
});

test('the master socket is removed: task changes go on, and the next reload makes it again', async () => {
  const [port] = await serving(['web']);
  const masterPid = await recordedMaster();
  const traffic = trafficTo('web.example');
  traffic.start();
  await rm(masterSocketOf(stack));
  await stack.marathon.scale('/web', 4);
  await stack.inStep('/web');
  await stack.marathon.update('/web', { env: { VERSION: '2' } });
  await stack.inStep('/web');
  await stack.marathon.deploy(app('late', port!));
  await stack.inStep('/late');
  expect((await stack.ask({ host: 'late.example' })).status).toBe(200);
  expect((await stack.status()).haproxy.running?.masterPid).toBe(masterPid);
  const { failures, ok } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
});

test('both sockets are removed: the same HAProxy is reached again, and no request fails', async () => {
  const [port] = await serving(['web']);
  const masterPid = await recordedMaster();
  const traffic = trafficTo('web.example');
  traffic.start();
  await rm(masterSocketOf(stack));
  await rm(runtimeSocketOf(stack));
  await stack.marathon.deploy(app('late', port!));
  await stack.inStep('/late');
  await stack.marathon.scale('/web', 3);
  await stack.inStep('/web');
  expect((await stack.ask({ host: 'late.example' })).status).toBe(200);
  expect((await stack.status()).haproxy.running?.masterPid).toBe(masterPid);
  const { failures, ok } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
});
