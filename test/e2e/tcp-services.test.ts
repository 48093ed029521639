/** Services that are no HTTP: a real Redis with its own client, TLS that passes through, WebSockets. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

/** Debian's, installed where that is allowed. */
function hasRedis(): boolean {
  if (has('redis-server') && has('redis-cli')) return true;
  if (process.getuid?.() !== 0) return false;
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    timeout: 60_000,
  });
  return has('redis-server') && has('redis-cli');
}

const redis = hasRedis();
if (!redis) console.warn('redis-server is not installed and could not be: the tests with Redis are skipped');

let stack: Stack;
const ports = { redis: 0, tls: 0, web: 0 };
const servers: ChildProcess[] = [];

beforeAll(async () => {
  stack = await startStack();
  [ports.redis = 0, ports.tls = 0, ports.web = 0] = await stack.freePorts(3);
  const plain = { healthChecks: [], labels: { HAPROXY_0_MODE: 'tcp' } };
  await stack.marathon.deploy(httpApp('/redis', ports.redis, { ...plain, env: { SAMPLE: 'none' } }));
  await stack.marathon.deploy(httpApp('/tls', ports.tls, { ...plain, env: { SAMPLE: 'https' } }));
  await stack.marathon.deploy(httpApp('/web', ports.web, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
  for (const id of ['/redis', '/tls', '/web']) await stack.inStep(id);
  if (!redis) return;
  const [task] = stack.marathon.tasks('/redis');
  const options = [
    '--bind',
    task!.address,
    '--port',
    `${task!.ports[0]}`,
    '--save',
    '',
    '--dir',
    stack.directory,
  ];
  const server = spawn('redis-server', options, { stdio: 'ignore' });
  servers.push(server);
  await stack.until('Redis answers', () => cli('PING') === 'PONG');
});
afterAll(async () => {
  const ended = servers
    .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    .map(async (server) => {
      const exit = once(server, 'exit');
      server.kill();
      await exit;
    });
  await Promise.all(ended);
  await stack.close();
});

/** Redis' own client, through the service port. */
function cli(...words: string[]): string {
  const { stdout } = spawnSync('redis-cli', ['-h', '127.0.0.1', '-p', `${ports.redis}`, ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return stdout.trim();
}

describe.skipIf(!redis)('Redis behind its service port', () => {
  test('keeps what it is given, a large value too', () => {
    expect(cli('SET', 'small', 'value')).toBe('OK');
    expect(cli('GET', 'small')).toBe('value');
    expect(cli('EVAL', "return redis.call('SET', 'large', string.rep('x', 5000000))", '0')).toBe('OK');
    expect(cli('GET', 'large')).toBe('x'.repeat(5_000_000));
  });

  test('answers ten thousand requests that are sent at once', async () => {
    const count = 10_000;
    const socket = connectTcp({ host: '127.0.0.1', port: ports.redis });
    let answers = '';
    socket.on('data', (chunk) => (answers += String(chunk)));
    socket.write('INCR counter\r\n'.repeat(count));
    await stack.until('all are answered', () => answers.endsWith(`:${count}\r\n`));
    expect(answers.trim().split('\r\n')).toEqual(Array.from({ length: count }, (_, i) => `:${i + 1}`));
    socket.destroy();
  });

  test('keeps a subscriber, while other services come and HAProxy is reloaded', async () => {
    const subscriber = spawn('redis-cli', ['-h', '127.0.0.1', '-p', `${ports.redis}`, 'SUBSCRIBE', 'news']);
    servers.push(subscriber);
    let heard = '';
    subscriber.stdout.on('data', (chunk) => (heard += String(chunk)));
    await stack.until('it has subscribed', () => heard.includes('subscribe'));
    const [port = 0] = await stack.freePorts(1);
    await stack.marathon.deploy(httpApp('/other', port, { labels: { HAPROXY_0_VHOST: 'other.example' } }));
    await stack.inStep('/other');
    expect(cli('PUBLISH', 'news', 'hello')).toBe('1');
    await stack.until('it hears', () => heard.includes('hello'));
  });
});

test('TLS in tcp mode passes through: the client sees the certificate of the task, not of the load balancer', async () => {
  const [task] = stack.marathon.tasks('/tls');
  const fingerprint = (host: string, port: number) =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls({ host, port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const own = await fingerprint(task!.address, task!.ports[0] ?? 0);
  expect(await fingerprint('127.0.0.1', ports.tls)).toBe(own);
  expect(await fingerprint('127.0.0.1', stack.ports.https)).not.toBe(own);
  expect((await stack.ask({ port: ports.tls, tls: true })).json?.app).toBe('/tls');
});

test.each(['by its vhost', 'on its service port'])('a WebSocket echoes, %s', async (way) => {
  const socket = connectTcp({
    host: '127.0.0.1',
    port: way === 'by its vhost' ? stack.ports.http : ports.web,
  });
  const next = async (): Promise<Buffer> => {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return chunk;
  };
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: web.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  expect(String(await next())).toContain('101 Switching Protocols');
  const mask = Buffer.from([1, 2, 3, 4]);
  const payload = Buffer.from('hello').map((byte, i) => byte ^ mask[i % 4]!);
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload]));
  expect(String((await next()).subarray(2))).toBe('hello');
  socket.destroy();
});
