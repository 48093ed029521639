/** What haproxy -c cannot see: a service that would break the reload is rejected, alone and with its reason. */
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let squatter: Server | undefined;

beforeEach(() => {
  squatter = undefined;
});
afterEach(async () => {
  squatter?.close();
  await stack.close();
});

async function startWithWeb(flags: string[] = []): Promise<number[]> {
  stack = await startStack({ flags: ['--reload-spacing', '0', ...flags] });
  const ports = await stack.freePorts(4);
  await stack.marathon.deploy(
    httpApp('/web', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' } }),
  );
  await stack.inStep('/web');
  return ports;
}

const aboutApp = async (id: string) =>
  (await stack.status()).diagnostics.filter(({ appId }) => appId === id).map(({ text }) => text);

test('a port that another process holds: no connection is refused meanwhile, and it goes live once the port is free', async () => {
  const ports = await startWithWeb();
  const taken = ports[1]!;
  squatter = createServer();
  await new Promise<void>((resolve) => squatter!.listen(taken, '127.0.0.1', resolve));
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();

  await stack.marathon.deploy(httpApp('/greedy', taken, { labels: { HAPROXY_0_VHOST: 'greedy.example' } }));
  await stack.marathon.deploy(
    httpApp('/modest', ports[2]!, { labels: { HAPROXY_0_VHOST: 'modest.example' } }),
  );
  await stack.inStep('/modest');
  expect((await stack.ask({ host: 'modest.example' })).json?.app).toBe('/modest');
  expect((await stack.ask({ host: 'greedy.example' })).status).toBe(404);
  const [reason] = await aboutApp('/greedy');
  expect(reason).toContain(`listens on 127.0.0.1:${taken}`);
  expect(reason).toContain(`pid ${process.pid}`);

  await new Promise((resolve) => squatter!.close(resolve));
  await stack.until(
    'it serves',
    async () => (await stack.ask({ host: 'greedy.example' })).json?.app === '/greedy',
  );
  expect(await aboutApp('/greedy')).toEqual([]);
  expect((await traffic.stop()).failures).toEqual({});
});

test('more checked servers than file descriptors: as many serve as fit, nobody loses one, and others get what becomes free', async () => {
  const limit = 20_000;
  // Leaves room for some twenty servers beside Pacer's own listeners.
  const ports = await startWithWeb(['--maxconn', String((limit - 140) / 2)]);
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
  const many = httpApp('/many', ports[1]!, { instances: 0, labels: { HAPROXY_0_VHOST: 'many.example' } });
  await stack.marathon.deploy({ ...many, instances: 60 });
  await stack.until('not all of it fits', async () =>
    (await aboutApp('/many')).some((text) => text.includes('file descriptors')),
  );
  const answers = async (host: string) => (await stack.ask({ host })).json?.app;
  await stack.until('some of it serves', async () => (await answers('many.example')) === '/many');
  await stack.marathon.deploy(httpApp('/small', ports[2]!, { labels: { HAPROXY_0_VHOST: 'small.example' } }));
  await stack.until('there is no room for another', async () =>
    (await aboutApp('/small')).some((text) => text.includes('file descriptors')),
  );
  await stack.marathon.scale('/many', 2);
  await stack.until('there is room', async () => (await answers('small.example')) === '/small');
  expect(await answers('many.example')).toBe('/many');
  expect((await traffic.stop()).failures).toEqual({});
});

test('a certificate that is missing holds its service until it is there', async () => {
  const ports = await startWithWeb();
  const path = `${stack.directory}/app.pem`;
  await stack.marathon.deploy(
    httpApp('/tls', ports[1]!, { labels: { HAPROXY_0_SSL_CERT: path, HAPROXY_0_MODE: 'http' } }),
  );
  await stack.until('it is held', async () => (await aboutApp('/tls')).length > 0);
  expect((await aboutApp('/tls'))[0]).toContain(`HAPROXY_0_SSL_CERT: certificate ${path}`);
  expect((await stack.ask({ host: 'web.example' })).status).toBe(200);
  const { copyFile } = await import('node:fs/promises');
  await copyFile(`${stack.directory}/certificates/self-signed.pem`, path);
  await stack.until(
    'it serves',
    async () =>
      (await stack.ask({ port: ports[1]!, tls: true }).catch(() => undefined))?.json?.app === '/tls',
  );
});

test('apps with bad labels are held one by one, and everybody else changes on', async () => {
  const ports = await startWithWeb();
  await stack.marathon.deploy(httpApp('/bad-port', ports[1]!, { labels: { HAPROXY_0_PORT: '99999' } }));
  await stack.marathon.deploy(
    httpApp('/bad-auth', ports[2]!, {
      labels: { HAPROXY_0_VHOST: 'auth.example', HAPROXY_0_AUTH: 'nonsense' },
    }),
  );
  await stack.marathon.deploy(httpApp('/good', ports[3]!, { labels: { HAPROXY_0_VHOST: 'good.example' } }));
  await stack.inStep('/good');
  expect((await stack.ask({ host: 'good.example' })).json?.app).toBe('/good');
  expect((await stack.ask({ host: 'auth.example' })).status).toBe(404);
  expect((await aboutApp('/bad-port'))[0]).toContain('HAPROXY_0_PORT');
  expect((await aboutApp('/bad-auth'))[0]).toContain('HAPROXY_0_AUTH');
});
