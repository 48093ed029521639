/** Killing the daemon at any instant leaves HAProxy serving; the next one adopts it and changes only what differs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rounds } from '../support/slow.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let ports: number[];

beforeAll(async () => {
  stack = await startStack({ flags: ['--reload-spacing', '0'] });
  ports = await stack.freePorts(3);
  await stack.marathon.deploy(
    httpApp('/web', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' } }),
  );
  await stack.inStep('/web');
});
afterAll(() => stack.close());

const master = async () => (await stack.status()).haproxy.running;

test('a daemon that starts again adopts HAProxy and does not reload it where nothing has changed', async () => {
  const before = await master();
  await stack.daemon().stop('SIGKILL');
  expect((await stack.ask({ host: 'web.example' })).status).toBe(200);
  await stack.startPacer().ready();
  const after = await master();
  expect(after).toMatchObject({
    masterPid: before?.masterPid,
    workerPid: before?.workerPid,
    hash: before?.hash,
    reloads: before?.reloads,
  });
});

test('killed at random instants during changes, HAProxy serves throughout and the next daemon converges', async () => {
  const masterPid = (await master())?.masterPid;
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
  for (let round = 1; round <= rounds(8, 25); round++) {
    const labels = {
      HAPROXY_GROUP: 'external',
      HAPROXY_0_VHOST: `round-${round}.example`,
      HAPROXY_0_BALANCE: round % 2 === 0 ? 'leastconn' : 'roundrobin',
    };
    const change =
      round === 1
        ? stack.marathon.deploy(httpApp('/changing', ports[1]!, { instances: 0, labels }))
        : stack.marathon.update('/changing', { labels });
    // Deriving, writing, checking, switching and reloading take some 150 ms: somewhere among them.
    await sleep(Math.random() * 200);
    await stack.daemon().stop('SIGKILL');
    await change;
    await stack.startPacer().ready();
    await stack.until(
      'the change is in effect',
      async () => (await stack.ask({ host: `round-${round}.example` })).status === 503,
    );
  }
  expect((await traffic.stop()).failures).toEqual({});
  expect((await master())?.masterPid).toBe(masterPid);
}, 240_000);

test('a worker that is killed takes HAProxy down, and the daemon starts it again with what it ran', async () => {
  const before = await master();
  process.kill(before?.workerPid ?? 0, 'SIGKILL');
  await stack.until('another HAProxy serves', async () => {
    const now = await master();
    return (
      now !== null &&
      now.masterPid !== before?.masterPid &&
      (await stack.ask({ host: 'web.example' }).catch(() => undefined))?.status === 200
    );
  });
  await stack.daemon().ready();
});

test('a second daemon with the same state directory is refused, and the first serves on', async () => {
  const { execa } = await import('execa');
  const second = await execa(
    'node',
    ['dist/main.js', 'run', '--group', 'x', '--state-dir', stack.directory],
    { reject: false },
  );
  expect(second.exitCode).toBe(2);
  expect(second.stderr).toContain('STATE_DIR_IN_USE');
  expect((await stack.ask({ host: 'web.example' })).status).toBe(200);
});

test('stopped in an orderly way, it takes HAProxy with it; with --on-exit keep it leaves it running', async () => {
  await stack.daemon().stop();
  await expect(stack.ask({ host: 'web.example' })).rejects.toThrow('ECONNREFUSED');
  await stack.startPacer(['--on-exit', 'keep']).ready();
  expect(await stack.daemon().stop()).toBe(0);
  expect((await stack.ask({ host: 'web.example' })).status).toBe(200);
  await stack.startPacer().ready();
});

test('started while Marathon is away, it serves the last good configuration', async () => {
  await stack.daemon().stop();
  await stack.marathon.stop();
  stack.startPacer();
  await stack.until(
    'it serves',
    async () => (await stack.ask({ host: 'web.example' }).catch(() => undefined))?.status === 200,
  );
  const readiness = () => stack.ask({ port: stack.ports.status, path: '/readyz' }).catch(() => undefined);
  await stack.until(
    'it says that it serves what was stored',
    async () => (await readiness())?.text.includes('Marathon has not answered since the start') === true,
  );
  expect((await readiness())?.status).toBe(503);
  await stack.marathon.resume();
  await stack.daemon().ready();
});
