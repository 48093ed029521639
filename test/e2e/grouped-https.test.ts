/** --group-https-by-vhost: certificates and client certificates of each vhost, seen by real clients. */
import { writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority, makePem } from '../support/certificate.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { askTls, statusOf } from '../support/tls.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let ownPort: number;
let privatePort: number;
let client: { cert: string; key: string };
let stranger: { cert: string; key: string };

/** An open TLS connection, and the name in the certificate it was shown. */
async function open(sni: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port: stack.ports.https, rejectUnauthorized: false, servername: sni, ...options },
      () => resolve(socket),
    );
    socket.once('error', reject);
  });
}

const shownName = (socket: TLSSocket): string => String(socket.getPeerCertificate().subject.CN);

/** The status of a request on a connection with another name perhaps; rejects where TLS is refused. */
const ask = async (
  sni: string,
  host: string,
  options: ConnectionOptions = {},
): Promise<{ status: number }> => ({
  status: statusOf(await askTls({ port: stack.ports.https, sni, host, path: '/path', options })),
});

/** Statuses by HTTP/2 for several hosts on one connection. */
async function askHttp2(sni: string, hosts: readonly string[], options: ConnectionOptions = {}) {
  const session = connectHttp2(`https://${sni}:${stack.ports.https}`, {
    createConnection: () =>
      connect({
        ...{ host: '127.0.0.1', port: stack.ports.https, servername: sni },
        ...{ rejectUnauthorized: false, ALPNProtocols: ['h2'], ...options },
      }),
  });
  try {
    const statuses: number[] = [];
    for (const host of hosts) {
      statuses.push(
        await new Promise<number>((resolve, reject) => {
          session.once('error', reject);
          const stream = session.request({ ':path': '/', ':authority': host });
          stream.once('response', (headers) => resolve(Number(headers[':status'])));
          stream.once('error', reject);
          stream.resume();
        }),
      );
    }
    return statuses;
  } finally {
    session.close();
  }
}

beforeAll(async () => {
  stack = await startStack({ start: false });
  const path = (name: string) => join(stack.directory, name);
  const authority = await makeAuthority('own clients');
  client = await authority.issue('client');
  stranger = await (await makeAuthority('other clients')).issue('stranger');
  await writeFile(path('usual.pem'), await makePem('usual'));
  await writeFile(path('own.pem'), await makePem('own'));
  await writeFile(path('private.pem'), await makePem('private'));
  await writeFile(path('clients.pem'), authority.cert);
  stack.startPacer([
    ...['--group-https-by-vhost', '--ssl-certs', path('usual.pem')],
    ...['--label-certificates', stack.directory],
  ]);
  const [one = 0, two = 0, three = 0] = await stack.freePorts(3);
  privatePort = three;
  ownPort = two;
  await stack.marathon.deploy(
    httpApp('/common', one, { labels: { HAPROXY_0_VHOST: 'common.example,free.wild.example' } }),
  );
  await stack.marathon.deploy(
    httpApp('/own', two, {
      labels: { HAPROXY_0_VHOST: 'own.example,*.wild.example', HAPROXY_0_SSL_CERT: path('own.pem') },
    }),
  );
  await stack.marathon.deploy(
    httpApp('/private', three, {
      labels: {
        HAPROXY_0_VHOST: 'private.example',
        HAPROXY_0_SSL_CERT: path('private.pem'),
        HAPROXY_0_BIND_OPTIONS: `ca-file ${path('clients.pem')} verify required`,
      },
    }),
  );
  for (const app of ['/common', '/own', '/private']) await stack.inStep(app);
});
afterAll(() => stack.close());

test.each([
  ['common.example', 'usual'],
  ['nobody.example', 'usual'],
  ['own.example', 'own'],
  ['OWN.example', 'own'],
  ['a.wild.example', 'own'],
  ['free.wild.example', 'usual'],
  ['a.b.wild.example', 'usual'],
])('a client that asks for %s is shown the %s certificate', async (sni, name) => {
  const socket = await open(sni);
  expect(shownName(socket)).toBe(name);
  socket.destroy();
});

test('a host is served on a connection for it, and told to use another one elsewhere', async () => {
  const statuses: Record<string, number> = {};
  for (const sni of ['common.example', 'own.example', 'free.wild.example']) {
    for (const host of ['common.example', 'own.example', 'x.wild.example', 'private.example', 'no.example'])
      statuses[`${sni} ${host}`] = (await ask(sni, host)).status;
  }
  expect(statuses).toEqual({
    'common.example common.example': 200,
    'common.example own.example': 421,
    'common.example x.wild.example': 421,
    'common.example private.example': 421,
    'common.example no.example': 404,
    'own.example common.example': 421,
    'own.example own.example': 200,
    'own.example x.wild.example': 200,
    'own.example private.example': 421,
    'own.example no.example': 421,
    'free.wild.example common.example': 200,
    'free.wild.example own.example': 421,
    'free.wild.example x.wild.example': 421,
    'free.wild.example private.example': 421,
    'free.wild.example no.example': 404,
  });
});

test('a connection without a server name has the usual certificate and no way to the private host', async () => {
  const noName = { servername: '' };
  expect((await ask('', 'common.example', noName)).status).toBe(200);
  expect((await ask('', 'private.example', noName)).status).toBe(421);
});

test('a client certificate is asked for by one host alone', async () => {
  await expect(ask('private.example', 'private.example')).rejects.toThrow();
  await expect(ask('private.example', 'private.example', stranger)).rejects.toThrow();
  expect((await ask('private.example', 'private.example', client)).status).toBe(200);
  expect((await ask('private.example', 'common.example', client)).status).toBe(421);
});

test.each(['private.example:443', 'PRIVATE.example', 'private.example.', 'common.example, private.example'])(
  'a Host written as %s does not get past that',
  async (host) => {
    const { status } = await ask('common.example', host);
    expect([400, 421]).toContain(status);
  },
);

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a session of another host, taken up by %s, does not stand for a client certificate',
  async (version) => {
    const limits = { minVersion: version, maxVersion: version } as const;
    let session: Buffer | undefined;
    const first = await open('common.example', limits);
    first.on('session', (it: Buffer) => (session = it));
    session ??= first.getSession();
    first.write('GET / HTTP/1.1\r\nHost: common.example\r\nConnection: close\r\n\r\n');
    first.resume();
    await new Promise((resolve) => first.once('close', resolve));
    expect(session).toBeDefined();
    for (const port of [stack.ports.https, privatePort]) {
      const again = { ...limits, session, port };
      await expect(ask('private.example', 'private.example', again)).rejects.toThrow();
      await expect(ask('private.example', 'private.example', { ...again, ...client })).resolves.toEqual({
        status: 200,
      });
    }
  },
);

test('HTTP/2 is spoken everywhere, and 421 is for one request of a connection', async () => {
  const three = ['common.example', 'own.example', 'private.example'];
  expect(await askHttp2('common.example', three)).toEqual([200, 421, 421]);
  expect(await askHttp2('own.example', three)).toEqual([421, 200, 421]);
  expect(await askHttp2('private.example', three, client)).toEqual([421, 421, 200]);
});

test('an app sees who the client is and which port it asked', async () => {
  for (const host of ['common.example', 'own.example']) {
    const answer = await stack.ask({ tls: true, host, from: '127.0.0.9' });
    expect(answer.json?.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.9',
      'x-forwarded-port': String(stack.ports.https),
      'x-forwarded-proto': 'https',
    });
  }
});

test('a greeting that comes in pieces is understood', async () => {
  const raw = connectTcp(stack.ports.https, '127.0.0.1').setNoDelay(true);
  // Each write goes out in pieces of 40 bytes, some milliseconds apart.
  const slow = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      const send = (at: number): void => {
        if (at >= chunk.length) done();
        else raw.write(chunk.subarray(at, at + 40), () => setTimeout(() => send(at + 40), 5));
      };
      send(0);
    },
    final: (done) => raw.end(done),
  });
  raw.on('data', (chunk) => slow.push(chunk));
  raw.on('end', () => slow.push(null));
  const socket = connect({ socket: slow, servername: 'own.example', rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  expect(shownName(socket)).toBe('own');
  socket.destroy();
  raw.destroy();
});

test('tasks come and go without a reload and without a failed request', async () => {
  const reloads = (await stack.status()).haproxy.running?.reloads;
  const hosts = ['common.example', 'own.example'];
  const traffic = createTraffic({
    ...{ port: stack.ports.https, tls: true, keepAlive: 4, close: 4 },
    target: (number) => ({ host: hosts[number % 2] ?? '', path: '/' }),
  });
  traffic.start();
  for (const app of ['/common', '/own']) await stack.marathon.scale(app, 3);
  for (const app of ['/common', '/own']) await stack.inStep(app);
  await stack.marathon.scale('/own', 1);
  await stack.inStep('/own');
  const { ok, failures } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
  expect((await stack.status()).haproxy.running?.reloads).toBe(reloads);
});

test('another host of a frontend is served without a reload', async () => {
  const reloads = (await stack.status()).haproxy.running?.reloads;
  await stack.marathon.deploy(
    httpApp('/own', ownPort, {
      labels: {
        HAPROXY_0_VHOST: 'own.example,*.wild.example,more.example',
        HAPROXY_0_SSL_CERT: join(stack.directory, 'own.pem'),
      },
    }),
  );
  await stack.inStep('/own');
  const socket = await open('more.example');
  expect(shownName(socket)).toBe('own');
  socket.destroy();
  expect((await ask('more.example', 'more.example')).status).toBe(200);
  expect((await stack.status()).haproxy.running?.reloads).toBe(reloads);
});

test('a vhost that gets a certificate of its own is served through the reload', async () => {
  const traffic = createTraffic({
    ...{ port: stack.ports.https, tls: true, keepAlive: 4, close: 4 },
    target: (number) => ({ host: ['common.example', 'own.example'][number % 2] ?? '', path: '/' }),
  });
  traffic.start();
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(
    httpApp('/late', port, {
      labels: { HAPROXY_0_VHOST: 'late.example', HAPROXY_0_SSL_CERT: join(stack.directory, 'own.pem') },
    }),
  );
  await stack.inStep('/late');
  expect((await ask('late.example', 'late.example')).status).toBe(200);
  expect((await traffic.stop()).failures).toEqual({});
});
