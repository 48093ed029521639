import { connect as connectHttp2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretHash } from '../support/password.ts';
import { askTcp, httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let servicePort = 0;
let echoPort = 0;

beforeAll(async () => {
  stack = await startStack();
  const ports = await stack.freePorts(8);
  [servicePort = 0, echoPort = 0] = ports;
  const port = (n: number) => ports[n] ?? 0;
  const apps = [
    httpApp('/shop/web', servicePort, {
      instances: 2,
      labels: { HAPROXY_0_VHOST: 'shop.example,www.shop.example' },
    }),
    httpApp('/shop/api', port(2), { labels: { HAPROXY_0_VHOST: 'shop.example', HAPROXY_0_PATH: '/api' } }),
    httpApp('/sticky', port(3), {
      instances: 3,
      labels: { HAPROXY_0_VHOST: 'sticky.example', HAPROXY_0_STICKY: 'true' },
    }),
    httpApp('/guarded', port(4), {
      labels: { HAPROXY_0_VHOST: 'guarded.example', HAPROXY_0_AUTH: `realm:alice:${secretHash}` },
    }),
    httpApp('/secure', port(5), {
      labels: {
        HAPROXY_0_VHOST: 'secure.example',
        HAPROXY_0_REDIRECT_TO_HTTPS: 'true',
        HAPROXY_0_USE_HSTS: 'true',
      },
    }),
    httpApp('/asleep', port(6), { instances: 0, labels: { HAPROXY_0_VHOST: 'asleep.example' } }),
    httpApp('/wild', port(7), { labels: { HAPROXY_0_VHOST: '*.wild.example' } }),
    {
      id: '/echo',
      cmd: './echo',
      env: { SAMPLE: 'tcp-echo' },
      networks: [{ mode: 'host' }],
      portDefinitions: [{ port: echoPort }],
      labels: { HAPROXY_GROUP: 'external' },
    },
  ];
  await Promise.all(apps.map((app) => stack.marathon.deploy(app)));
  for (const { id } of apps) await stack.inStep(id);
});
afterAll(() => stack.close());

const app = async (what: Parameters<Stack['ask']>[0]) => (await stack.ask(what)).json?.app;

describe('a request', () => {
  test('goes to its app by host, whatever the case, with a port or a trailing dot', async () => {
    for (const host of ['shop.example', 'WWW.Shop.Example', 'shop.example:8080', 'shop.example.']) {
      expect(await app({ host })).toBe('/shop/web');
    }
  });

  test('goes to the app with the longest path that fits', async () => {
    expect(await app({ host: 'shop.example', path: '/api/items' })).toBe('/shop/api');
    expect(await app({ host: 'shop.example', path: '/ap' })).toBe('/shop/web');
    expect(await app({ host: 'www.shop.example', path: '/api' })).toBe('/shop/web');
  });

  test('goes to a wildcard host by exactly one label', async () => {
    expect(await app({ host: 'a.wild.example' })).toBe('/wild');
    expect((await stack.ask({ host: 'a.b.wild.example' })).status).toBe(404);
    expect((await stack.ask({ host: 'wild.example' })).status).toBe(404);
  });

  test('goes to its app by the header X-Marathon-App-Id', async () => {
    expect(await app({ port: stack.ports.appid, headers: { 'X-Marathon-App-Id': '/shop/api' } })).toBe(
      '/shop/api',
    );
    expect(
      (await stack.ask({ port: stack.ports.appid, headers: { 'X-Marathon-App-Id': '/nobody' } })).status,
    ).toBe(404);
  });

  test('goes to its app by the service port, whatever the host', async () => {
    expect(await app({ port: servicePort, host: 'anything.example' })).toBe('/shop/web');
  });

  test('is spread over the tasks of the app', async () => {
    const tasks = new Set<string | undefined>();
    for (let i = 0; i < 6; i++) tasks.add((await stack.ask({ host: 'shop.example' })).json?.task);
    expect(tasks.size).toBe(2);
  });

  test('for an unknown host is answered with 404, so that it differs from a service without servers', async () => {
    const answer = await stack.ask({ host: 'nobody.example' });
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('There is no app at this address');
  });

  test('for an app without tasks is answered with 503 and Retry-After', async () => {
    const answer = await stack.ask({ host: 'asleep.example' });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.text).toContain('not available just now');
  });

  test('over TCP is carried to the service port’s app', async () => {
    expect(await askTcp(echoPort, 'hello')).toContain('hello');
  });
});

describe('a sticky service', () => {
  test('sends a client back to the task it was with', async () => {
    const first = await stack.ask({ host: 'sticky.example' });
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    expect(cookie).toMatch(/^mesosphere_server_id=(?:[0-9a-f]{10}|[0-9a-f]{16})$/);
    for (let i = 0; i < 5; i++) {
      const again = await stack.ask({ host: 'sticky.example', headers: { Cookie: cookie } });
      expect(again.json?.task).toBe(first.json?.task);
    }
  });
});

describe('a guarded service', () => {
  const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });

  test('asks for credentials on its vhost, its service port and the app id port', async () => {
    const port = await servicePortOf('/guarded');
    for (const what of [
      { host: 'guarded.example' },
      { port },
      { port: stack.ports.appid, headers: { 'X-Marathon-App-Id': '/guarded' } },
    ]) {
      expect((await stack.ask(what)).status).toBe(401);
      expect(
        (await stack.ask({ ...what, headers: { ...what.headers, ...basic('alice:wrong') } })).status,
      ).toBe(401);
      expect(
        (await stack.ask({ ...what, headers: { ...what.headers, ...basic('alice:secret') } })).status,
      ).toBe(200);
    }
  });

  async function servicePortOf(id: string): Promise<number> {
    const view = (await stack.daemon().get(`/apps${id}`)) as {
      ports: { service: { servicePort: number } }[];
    };
    return view.ports[0]?.service.servicePort ?? 0;
  }
});

describe('HTTPS', () => {
  test('is where a vhost with REDIRECT_TO_HTTPS sends clients, path and query kept', async () => {
    const answer = await stack.ask({ host: `secure.example:${stack.ports.http}`, path: '/a/b?c=d' });
    expect(answer.status).toBe(301);
    expect(answer.headers['location']).toBe(`https://secure.example:${stack.ports.https}/a/b?c=d`);
  });

  test('serves the same hosts, with the self-signed certificate where none was given, and HSTS where asked', async () => {
    const answer = await stack.ask({ host: 'secure.example', tls: true });
    expect(answer.json?.app).toBe('/secure');
    expect(answer.headers['strict-transport-security']).toBe('max-age=15768000');
    expect((await stack.ask({ host: 'nobody.example', tls: true })).status).toBe(404);
    expect(await stack.log()).toContain('self-signed');
  });

  test('speaks HTTP/2', async () => {
    const session = connectHttp2(`https://127.0.0.1:${stack.ports.https}`, {
      rejectUnauthorized: false,
      servername: 'shop.example',
    });
    const status = await new Promise<number>((resolve, reject) => {
      session.once('error', reject);
      const request = session.request({ ':path': '/', ':authority': 'shop.example' });
      request.once('response', (headers) => resolve(Number(headers[':status'])));
      request.once('error', reject);
    });
    expect([session.alpnProtocol, status]).toEqual(['h2', 200]);
    session.destroy();
  });
});

describe('forwarded headers', () => {
  const claims = {
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Port': '443',
    'X-Forwarded-For': '203.0.113.9',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Ssl': 'on',
    'X-Forwarded-Scheme': 'https',
    'X-Real-IP': '203.0.113.9',
    Forwarded: 'for=203.0.113.9;proto=https',
  };

  const ways: readonly [string, () => Parameters<Stack['ask']>[0]][] = [
    ['by host', () => ({ host: 'shop.example' })],
    ['by TLS', () => ({ host: 'shop.example', tls: true })],
    ['by service port', () => ({ port: servicePort })],
    ['by app id', () => ({ port: stack.ports.appid, headers: { 'X-Marathon-App-Id': '/shop/web' } })],
  ];

  test.each(ways)('replace what a client claims, or take it away: %s', async (_, way) => {
    const { headers, ...rest } = way();
    const answer = await stack.ask({ ...rest, headers: { ...headers, ...claims } });
    expect(answer.json?.app).toBe('/shop/web');
    expect(answer.json?.headers).toMatchObject({
      'x-forwarded-proto': rest.tls === true ? 'https' : 'http',
      'x-forwarded-port': expect.not.stringMatching(/^443$/) as string,
      'x-forwarded-for': '127.0.0.1',
    });
    for (const name of [
      'x-real-ip',
      'x-forwarded-host',
      'x-forwarded-ssl',
      'x-forwarded-scheme',
      'forwarded',
    ])
      expect(answer.json?.headers).not.toHaveProperty(name);
  });

  test.each(ways)('are not named among those that the app is to drop: %s', async (_, way) => {
    const { headers, ...rest } = way();
    for (const connection of ['X-Forwarded-For', 'close, X-Real-IP', 'upgrade, x-forwarded-proto']) {
      const answer = await stack.ask({ ...rest, headers: { ...headers, Connection: connection } });
      expect(answer.json?.headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1' });
      expect(answer.json?.headers['connection'] ?? '').not.toMatch(/x-/i);
    }
  });

  test('say https where the client came by TLS', async () => {
    const answer = await stack.ask({ host: 'shop.example', tls: true });
    expect(answer.json?.headers).toMatchObject({
      'x-forwarded-proto': 'https',
      'x-forwarded-port': String(stack.ports.https),
    });
  });
});

test('the statistics port answers health checks and metrics', async () => {
  expect((await stack.ask({ port: stack.ports.stats, path: '/_haproxy_health_check' })).status).toBe(200);
  expect((await stack.ask({ port: stack.ports.stats, path: '/metrics' })).text).toContain('haproxy_process_');
  expect((await stack.ask({ port: stack.ports.stats, path: '/haproxy?stats;csv' })).text).toContain(
    '# pxname,svname',
  );
});

describe('the status server', () => {
  test('is alive and ready, and says what runs', async () => {
    expect((await stack.ask({ port: stack.ports.status, path: '/healthz' })).text).toBe('alive\n');
    const status = await stack.status();
    expect(status).toMatchObject({ ready: true, why: [], failure: null, haproxy: { inSync: true } });
  });

  test('shows an app with the reason of each task, and no secret', async () => {
    const text = (await stack.ask({ port: stack.ports.status, path: '/apps//guarded' })).text;
    expect(text).toContain('the task serves');
    expect(text).toContain('realm:alice:***');
    expect(text).not.toContain(secretHash);
  });

  test('shows the configuration with passwords masked', async () => {
    const { text } = await stack.ask({ port: stack.ports.status, path: '/config' });
    expect(text).toContain('backend shop_web_');
    expect(text).toContain('user alice password ***');
  });

  test('counts reloads by their reasons', async () => {
    const { text } = await stack.ask({ port: stack.ports.status, path: '/metrics' });
    expect(text).toMatch(/pacer_reloads_total\{reason="[a-z-]+"\} [1-9]/);
    expect(text).toContain('pacer_reloads_total{reason="routes-changed"} 0');
    expect(text).toContain('pacer_in_sync 1');
    expect(text).toContain('pacer_resync_differences 0');
  });

  test('lists revisions, newest first, with cause and durations', async () => {
    const revisions = (await stack.daemon().get('/revisions')) as {
      revision: number;
      cause: string;
      durations: object;
    }[];
    expect(revisions.length).toBeGreaterThan(0);
    expect(revisions[0]?.durations).toHaveProperty('apply');
    expect(revisions.map(({ revision }) => revision)).toEqual(
      revisions.map(({ revision }) => revision).sort((a, b) => b - a),
    );
  });

  test('names what there is where nothing is', async () => {
    const answer = await stack.ask({ port: stack.ports.status, path: '/nothing' });
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('/status');
    expect((await stack.ask({ port: stack.ports.status, path: '/apps//nobody' })).status).toBe(404);
  });
});
