/** A node that is taken down: those who send requests to it are told first, then connections end, then processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ flags: ['--stop-delay', '2', '--reload-spacing', '0'] });
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(httpApp('/web', port, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
  await stack.daemon().ready();
  await stack.inStep('/web');
});
afterAll(() => stack.close());

const health = async () =>
  (
    await stack
      .ask({ port: stack.ports.stats, path: '/_haproxy_health_check' })
      .catch(() => ({ status: undefined }))
  ).status;

test('on SIGTERM the health check fails at once, while every request is answered until the delay is over', async () => {
  expect(await health()).toBe(200);
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 2,
    close: 2,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
  const ended = stack.daemon().stop();
  await stack.until('the health check fails', async () => (await health()) === 503);
  await sleep(500);
  const { ok, failures } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
  expect(await health()).toBe(503);
  expect(await ended).toBe(0);
  expect(await health()).toBeUndefined();
});

test('a reload within the delay does not make the node look well', async () => {
  await stack.startPacer().ready();
  expect(await health()).toBe(200);
  const reloads = async () => (await stack.status()).haproxy.running?.reloads ?? 0;
  const before = await reloads();
  const ended = stack.daemon().stop();
  await stack.until('the health check fails', async () => (await health()) === 503);
  process.kill(stack.daemon().pid, 'SIGUSR1');
  await stack.until('HAProxy was reloaded', async () => (await reloads()) > before);
  await stack.until('the health check fails again', async () => (await health()) === 503);
  expect(await ended).toBe(0);
});

test('a Pacer that is killed while it stops leaves a node that looks ill until the next Pacer takes it over', async () => {
  await stack.startPacer().ready();
  const ended = stack.daemon().stop();
  await stack.until('the health check fails', async () => (await health()) === 503);
  await stack.daemon().stop('SIGKILL');
  await ended;
  expect(await health()).toBe(503);
  await stack.startPacer(['--stop-delay', '0']).ready();
  expect(await health()).toBe(200);
});

test('a HAProxy that is kept goes on looking well', async () => {
  await stack.daemon().stop();
  await stack.startPacer(['--on-exit', 'keep']).ready();
  await stack.daemon().stop();
  expect(await health()).toBe(200);
  await stack.startPacer(['--stop-delay', '0']).ready();
});
