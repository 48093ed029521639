/** Tasks come, go and change their health a thousand times, under all kinds of traffic: no reload, no failed request. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
const appCount = 200;
const id = (n: number) => `/churn/app-${n}`;
const host = (n: number) => `app-${n}.example`;

beforeAll(async () => {
  stack = await startStack({
    flags: ['--service-ports', 'none', '--maxconn', '1000', '--log-level', 'info'],
    simulator: {
      checks: 'switch',
      taskKilling: true,
      timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 500 },
    },
  });
  const check = {
    protocol: 'HTTP',
    path: '/health',
    portIndex: 0,
    intervalSeconds: 5,
    timeoutSeconds: 5,
    gracePeriodSeconds: 5,
    maxConsecutiveFailures: 10,
  };
  const apps = Array.from({ length: appCount }, (_, n) =>
    httpApp(id(n), 0, { instances: 3, labels: { HAPROXY_0_VHOST: host(n) }, healthChecks: [check] }),
  );
  stack.marathon.load(apps);
  stack.marathon.load([
    httpApp('/steady', 0, {
      instances: 1,
      labels: { HAPROXY_0_VHOST: 'steady.example' },
      healthChecks: [check],
    }),
  ]);
  await stack.marathon.listening();
  await stack.daemon().stop();
  await stack.startPacer().ready();
  for (const { id: task } of stack.marathon.tasks()) stack.marathon.setHealthy(task, true);
  await stack.inStep(id(appCount - 1));
});
afterAll(() => stack.close());

/** Deterministic, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

test('a thousand changes at a hundred a second: no reload, no failed request, everything as Marathon has it in the end', async () => {
  const before = (await stack.status()).haproxy.running?.reloads;
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 12,
    close: 6,
    target: (client) => ({ host: host((client * 37) % appCount), path: '/' }),
  });
  traffic.start();
  const webSocket = await openWebSocket();
  const upload = slowUpload();
  const download = slowDownload();

  const next = random(42);
  const scaled = new Map<number, number>();
  const working: Promise<unknown>[] = [];
  for (let change = 0; change < 1000; change++) {
    const started = Date.now();
    const n = Math.floor(next() * appCount);
    const running = stack.marathon
      .tasks(id(n))
      .filter(({ state, healthy }) => state === 'TASK_RUNNING' && healthy !== false);
    const kind = next();
    if (kind < 0.4) {
      const instances = 2 + Math.floor(next() * 4);
      scaled.set(n, instances);
      // A later change of the same app may overtake this one; what counts is the end.
      working.push(stack.marathon.scale(id(n), instances).catch(() => undefined));
    } else if (running.length > 1) {
      const task = running[Math.floor(next() * running.length)]!.id;
      if (kind < 0.7) working.push(stack.marathon.kill(task).catch(() => undefined));
      else {
        stack.marathon.setHealthy(task, false);
        working.push(sleep(200).then(() => stack.marathon.setHealthy(task, true)));
      }
    }
    await sleep(Math.max(0, 10 - (Date.now() - started)));
  }
  await Promise.all(working);
  for (const { id: task } of stack.marathon.tasks()) stack.marathon.setHealthy(task, true);
  for (let n = 0; n < appCount; n++) await stack.inStep(id(n));

  const { failures, ok } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(100);
  expect(await webSocket.echo('still here')).toBe('still here');
  webSocket.close();
  expect(await upload).toContain('200');
  expect(await download).toBe(200_000);
  const metrics = (await stack.ask({ port: stack.ports.status, path: '/metrics' })).text;
  expect(Number(/pacer_runtime_servers_total\{change="added"\} (\d+)/.exec(metrics)?.[1])).toBeGreaterThan(
    200,
  );
  const status = await stack.status();
  expect(status.haproxy.running?.reloads).toBe(before);
  expect(status).toMatchObject({ ready: true, failure: null, marathon: { resyncDifferences: 0 } });
});

/** A WebSocket to the app that nobody touches. Text frames of less than 126 bytes. [rfc6455] */
async function openWebSocket(): Promise<{ echo: (text: string) => Promise<string>; close: () => void }> {
  const socket = await open();
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: steady.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  expect(String(await data(socket))).toContain('101 Switching Protocols');
  return {
    close: () => socket.destroy(),
    echo: async (text) => {
      const mask = Buffer.from([1, 2, 3, 4]);
      const payload = Buffer.from(text).map((byte, i) => byte ^ mask[i % 4]!);
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload]));
      return String((await data(socket)).subarray(2));
    },
  };
}

/** Ten seconds of a request body. @returns the answer */
async function slowUpload(): Promise<string> {
  const socket = await open();
  const chunks = 50;
  socket.write(
    `POST /upload HTTP/1.1\r\nHost: steady.example\r\nConnection: close\r\nContent-Length: ${chunks * 10}\r\n\r\n`,
  );
  for (let i = 0; i < chunks; i++) {
    await sleep(200);
    socket.write('0123456789');
  }
  return String(await data(socket));
}

/** Reads an answer as slowly as the changes last. @returns the bytes of its body */
async function slowDownload(): Promise<number> {
  const socket = await open();
  socket.write('GET /?size=200000 HTTP/1.1\r\nHost: steady.example\r\nConnection: close\r\n\r\n');
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    await sleep(200);
  }
  return received.length - received.indexOf('\r\n\r\n') - 4;
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: stack.ports.http }, () => resolve(socket));
    socket.once('error', reject);
  });
}

function data(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('close', () => reject(new Error('closed without data')));
    socket.once('error', reject);
  });
}
