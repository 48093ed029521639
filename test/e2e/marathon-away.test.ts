/** Marathon's failures do not reach users: what serves serves on, and once Marathon is back everything converges. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startStandby, type Standby } from '../../src/simulator/standby.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';

let stack: Stack;
let standby: Standby | undefined;
let traffic: Traffic;

const timings = { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 2000 };

async function start(throughStandby = false): Promise<number[]> {
  stack = await startStack({
    start: false,
    flags: ['--stream-timeout', '1', '--reload-spacing', '0'],
    simulator: { heartbeatMs: 200, taskKilling: true, timings },
    ...(throughStandby ? { endpoints: (marathon) => [`http://127.0.0.1:${standbyPort}`, marathon.url] } : {}),
  });
  if (throughStandby) standby = await startStandby({ leader: stack.marathon.url, port: standbyPort });
  stack.startPacer();
  const ports = await stack.freePorts(3);
  await stack.marathon.deploy(
    httpApp('/web', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' } }),
  );
  await stack.inStep('/web');
  traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
  return ports;
}
let standbyPort = 0;

afterEach(async () => {
  const { failures, ok } = await traffic.stop();
  await stack.close();
  await standby?.close();
  standby = undefined;
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
});

const marathon = async () => (await stack.status()).marathon;

async function converges(): Promise<void> {
  await stack.marathon.scale('/web', 3);
  await stack.inStep('/web');
  expect((await marathon()).resyncDifferences).toBe(0);
}

test('away for a while and back with another state: nothing is dropped meanwhile, then all of it is followed', async () => {
  const ports = await start();
  await stack.marathon.stop();
  await stack.until('it is noticed', async () => !(await marathon()).connected);
  // What Marathon does while nobody sees it.
  await stack.marathon.deploy(httpApp('/new', ports[1]!, { labels: { HAPROXY_0_VHOST: 'new.example' } }));
  await stack.marathon.scale('/web', 4);
  expect((await stack.ask({ host: 'web.example' })).status).toBe(200);
  await stack.marathon.resume();
  await stack.marathon.running('/new', 1);
  await stack.inStep('/new');
  await stack.inStep('/web');
  expect((await stack.ask({ host: 'new.example' })).json?.app).toBe('/new');
});

test.each([
  ['cut', () => stack.marathon.faults.cutStreams()],
  ['cut in the middle of a frame', () => stack.marathon.faults.cutStreams({ midFrame: true })],
  ['stalled', () => stack.marathon.faults.stallStreams()],
  ['half-open', () => stack.marathon.faults.halfOpenStreams()],
])('a stream that is %s is noticed and opened anew', async (_, fault) => {
  await start();
  const before = (await marathon()).reconnects;
  fault();
  await stack.until('it reconnects', async () => (await marathon()).reconnects > before);
  stack.marathon.faults.resumeStreams();
  await converges();
});

test.each([
  ['503', { kind: 'status', status: 503 }],
  ['half a document', { kind: 'truncated' }],
  ['something that is no JSON', { kind: 'garbage' }],
  ['gzip that is broken', { kind: 'corrupt-gzip' }],
] as const)('while Marathon answers %s nothing is dropped', async (_, fault) => {
  await start();
  stack.marathon.faults.answers(fault);
  stack.marathon.faults.cutStreams();
  await sleep(1000);
  expect((await stack.ask({ host: 'web.example' })).json?.app).toBe('/web');
  stack.marathon.faults.clear();
  await converges();
});

test('a stream that a standby redirects is followed to the leader', async () => {
  [standbyPort = 0] = await freePort();
  await start(true);
  expect((await marathon()).connected).toBe(true);
  await converges();
});

test('a new leader that has forgotten all health results takes no server away', async () => {
  await start();
  const before = (await marathon()).reconnects;
  stack.marathon.failover({ loseHealth: true });
  await stack.until('it reconnects', async () => (await marathon()).reconnects > before);
  expect((await stack.ask({ host: 'web.example' })).status).toBe(200);
  await stack.inStep('/web');
});

async function freePort(): Promise<number[]> {
  const { freePorts } = await import('../../src/demo/free-ports.ts');
  return freePorts(1);
}
