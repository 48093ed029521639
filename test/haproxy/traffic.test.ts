/** The traffic client must see every failure there is, or "no failed request" means nothing. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { makePem } from '../support/certificate.ts';
import { freePorts, testHaproxy, until } from '../support/haproxy.ts';
import { createTraffic, type TrafficOptions } from '../support/traffic.ts';

/** A server that treats each request as told. */
async function serve(
  answer: (socket: Socket, request: string) => void,
  make: (on: (socket: Socket) => void) => Server = createServer,
) {
  const server = make((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => answer(socket, chunk.toString()));
  });
  onTestFinished(() => {
    server.close();
  });
  return new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

/** Runs until something was counted. */
async function count(options: TrafficOptions, enough = 5) {
  const traffic = createTraffic({ maxIdleMs: 2, ...options });
  traffic.start();
  await until(() => traffic.result().ok + traffic.result().failed >= enough);
  return traffic.stop();
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('complete answers are counted, on kept and on closed connections, for each client and target', async () => {
  const asked = new Set<string>();
  const port = await serve((socket, request) => {
    const [line = '', host = ''] = request.split('\r\n');
    asked.add(`${line} ${host} ${String(request.includes('Connection: close'))}`);
    socket.write(ok);
  });
  const target = (client: number) => ({ host: `h${client}`, path: `/p${client}` });
  const result = await count({ port, keepAlive: 1, close: 1, target }, 20);
  expect(result).toMatchObject({ failed: 0, failures: {}, idleCloses: 0, statuses: { 200: result.ok } });
  expect(asked).toEqual(new Set(['GET /p0 HTTP/1.1 Host: h0 false', 'GET /p1 HTTP/1.1 Host: h1 true']));
});

test.each([
  ['closed without an answer', (socket: Socket) => socket.end(), 'closed'],
  [
    'closed within an answer',
    (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    'closed',
  ],
  ['reset', (socket: Socket) => socket.resetAndDestroy(), 'ECONNRESET'],
  [
    'cut off within chunks',
    (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello'),
    'closed',
  ],
  [
    'answered 503',
    (socket: Socket) => socket.write('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    'status 503',
  ],
  ['never answered', () => undefined, 'no answer in time'],
])('a request that is %s has failed', async (_, answer, failure) => {
  const port = await serve(answer);
  const { ok: good, failed, failures } = await count({ port, keepAlive: 1, close: 1, timeoutMs: 50 });
  expect({ good, failures }).toEqual({ good: 0, failures: { [failure]: failed } });
});

test('a refused connection counts as a failure', async () => {
  const [port = 0] = await freePorts(1);
  const { failed, failures } = await count({ port, keepAlive: 1, close: 1 });
  expect(failures).toEqual({ 'connect ECONNREFUSED': failed });
});

test('a connection that is closed while idle is no failure', async () => {
  const port = await serve((socket) => socket.end(ok));
  const {
    failed,
    idleCloses,
    ok: good,
  } = await count({ port, keepAlive: 1, minIdleMs: 50, maxIdleMs: 60 }, 10);
  expect(failed).toBe(0);
  expect(idleCloses).toBeGreaterThanOrEqual(good - 1);
});

test('chunked answers, answers without a length, and other statuses can be complete', async () => {
  const answers = [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\nuntil the end',
    'HTTP/1.1 204 None\r\nConnection: close\r\n\r\n',
  ];
  let next = 0;
  const port = await serve((socket) => socket.end(answers[next++ % 3] ?? ''));
  expect(await count({ port, keepAlive: 1, close: 1, allowed: [200, 204] }, 12)).toMatchObject({ failed: 0 });
});

test('failures over TLS are counted in the same way', async () => {
  const pem = await makePem('h');
  const identity = { key: pem, cert: pem };
  const port = await serve(
    (socket) => socket.write(ok),
    (on) => createTlsServer(identity, (socket) => on(socket)),
  );
  expect(await count({ port, keepAlive: 1, close: 1, tls: true })).toMatchObject({ failed: 0 });
});

test('requests that HAProxy loses when it is stopped hard are counted', async () => {
  const { control, publish, port } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  const traffic = createTraffic({ port, keepAlive: 5, close: 5 });
  traffic.start();
  await until(() => traffic.result().ok > 20);
  await control.stop();
  await until(() => traffic.result().failed > 5);
  expect((await traffic.stop()).failures).toHaveProperty(['connect ECONNREFUSED']);
});
