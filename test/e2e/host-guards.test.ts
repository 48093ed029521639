/** What guards a host, and what trusted proxies say of TLS, with real requests. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretHash } from '../support/password.ts';
import { httpApp, startStack, type Ask, type Stack } from '../support/stack.ts';

let stack: Stack;
const ports = new Map<string, number>();
const credentials = { Authorization: `Basic ${Buffer.from('alice:secret').toString('base64')}` };

beforeAll(async () => {
  stack = await startStack({
    flags: ['--trusted-proxies', '127.0.0.2', '--redirect-https-port', '8443'],
  });
  const auth = { AUTH: `realm:alice:${secretHash}` };
  const labels: Record<string, Record<string, string>> = {
    '/site': { VHOST: 'a.example', ...auth },
    '/api': { VHOST: 'a.example,b.example', PATH: '/api' },
    '/open': { VHOST: 'a.example', PATH: '/open', AUTH_SCOPE: 'service' },
    '/first': { VHOST: 'c.example' },
    '/second': { VHOST: 'c.example', ...auth },
    '/wild': { VHOST: '*.example', PATH: '/wild' },
    '/wrong': { VHOST: 'w.example', BALANCE: 'nonsense', ...auth },
    '/wrong-api': { VHOST: 'w.example', PATH: '/api' },
    '/whole': { VHOST: 'p.example', PATH: '/admin', PATH_TYPE: 'prefix', ...auth },
    '/all': { VHOST: 'p.example', BACKEND_WEIGHT: '5' },
    '/secure': { VHOST: 's.example', REDIRECT_TO_HTTPS: 'true', USE_HSTS: 'true' },
    '/secure-api': { VHOST: 's.example', PATH: '/api' },
    '/near': { VHOST: 'n.example', BACKEND_NETWORK_ALLOWED_ACL: '198.51.100.0/24' },
    '/near-api': { VHOST: 'n.example', PATH: '/api' },
  };
  const free = await stack.freePorts(Object.keys(labels).length);
  const apps = Object.entries(labels).map(([id, values], i) => {
    ports.set(id, free[i] ?? 0);
    const named = Object.entries(values).map(([name, value]) => [`HAPROXY_0_${name}`, value]);
    return httpApp(id, free[i] ?? 0, { labels: Object.fromEntries(named) as Record<string, string> });
  });
  await Promise.all(apps.map((app) => stack.marathon.deploy(app)));
  for (const { id } of apps) if (id !== '/wrong') await stack.inStep(id);
});
afterAll(() => stack.close());

/** The app that answers, or the status where none does. */
const who = async (what: Ask) => {
  const { status, json } = await stack.ask(what);
  return json?.app ?? status;
};

describe('AUTH of a host', () => {
  test('is asked for on every path of it, also of another app, over http and https', async () => {
    for (const tls of [false, true]) {
      expect(await who({ host: 'a.example', path: '/x', tls })).toBe(401);
      expect(await who({ host: 'a.example', path: '/api/x', tls })).toBe(401);
      expect(
        await who({ host: tls ? 'a.example' : 'A.example:80', path: '/api', tls, headers: credentials }),
      ).toBe('/api');
    }
    expect(await who({ host: 'c.example' })).toBe(401);
    expect(await who({ host: 'c.example', headers: credentials })).toBe('/first');
  });

  test('is asked for however the host and the request are written, and where a wildcard gets them', async () => {
    for (const host of ['a.example', 'A.EXAMPLE.', 'a.example.:81'])
      for (const path of ['/wild/x', '/%61pi', '//api', '/api/../x', '/API'])
        expect(await who({ host, path })).toBe(401);
    expect(await who({ host: 'a.example', path: '/wild/x', headers: credentials })).toBe('/wild');
    expect(await who({ host: 'z.example', path: '/wild/x' })).toBe('/wild');
  });

  test('is asked for while another label of the app is wrong that never served', async () => {
    expect(await who({ host: 'w.example' })).toBe(404);
    expect(await who({ host: 'w.example', path: '/api' })).toBe(401);
    expect(await who({ host: 'w.example', path: '/api', headers: credentials })).toBe('/wrong-api');
  });

  test('is asked for on a path and on what is below it', async () => {
    for (const path of ['/admin', '/admin?a', '/admin/', '/admin/x'])
      expect(await who({ host: 'p.example', path })).toBe(401);
    expect(await who({ host: 'p.example', path: '/admin', headers: credentials })).toBe('/all');
    expect(await who({ host: 'p.example', path: '/administration' })).toBe('/all');
  });

  test('is not asked for by another host, the service port, the app id, or where the app wants none of it', async () => {
    expect(await who({ host: 'b.example', path: '/api' })).toBe('/api');
    expect(await who({ port: ports.get('/api') ?? 0, host: 'a.example' })).toBe('/api');
    const headers = { 'X-Marathon-App-Id': '/api' };
    expect(await who({ port: stack.ports.appid, host: 'a.example', headers })).toBe('/api');
    expect(await who({ host: 'a.example', path: '/open' })).toBe('/open');
  });

  test('is told: in the status, with the app, and where the request is explained', async () => {
    const { diagnostics } = await stack.status();
    const told = diagnostics.filter(({ appId }) => appId === '/api').map(({ text }) => text);
    expect(told).toEqual([
      expect.stringContaining('/site port 0 claims a.example, so its HAPROXY_0_AUTH holds'),
    ]);
    const answer = await fetch(`http://127.0.0.1:${stack.ports.status}/explain?q=a.example/api`);
    const { hints } = (await answer.json()) as { hints: string[] };
    expect(hints).toEqual(['guarded by /site port 0, which claims the host: HAPROXY_0_AUTH']);
  });
});

test('the networks of a host hold for another app’s path, by what trusted proxies say of the client', async () => {
  const ask = (headers: Record<string, string>, from: string) =>
    who({ host: 'n.example', path: '/api', headers, from });
  expect(await ask({}, '127.0.0.1')).toBe(403);
  expect(await ask({ 'X-Forwarded-For': '198.51.100.7' }, '127.0.0.1')).toBe(403);
  expect(await ask({ 'X-Forwarded-For': '198.51.100.7' }, '127.0.0.2')).toBe('/near-api');
});

describe('a redirect to https', () => {
  const redirected = async (path: string, headers: Record<string, string>, from: string) => {
    const answer = await stack.ask({ host: 's.example', path, headers, from });
    return answer.status === 301 ? answer.headers['location'] : answer.json?.app;
  };
  const by = (proto: string) => ({ 'X-Forwarded-Proto': proto });

  test('names the port that clients see, and is the host’s for another app’s path too', async () => {
    expect(await redirected('/x?a=1', {}, '127.0.0.1')).toBe('https://s.example:8443/x?a=1');
    expect(await redirected('/api', {}, '127.0.0.1')).toBe('https://s.example:8443/api');
    expect(await who({ host: 's.example', path: '/api', tls: true })).toBe('/secure-api');
  });

  test('is not for who came by https to a trusted proxy', async () => {
    for (const [path, app] of [
      ['/x', '/secure'],
      ['/api', '/secure-api'],
    ] as const) {
      expect(await redirected(path, by('https'), '127.0.0.2')).toBe(app);
      expect(await redirected(path, by('http'), '127.0.0.2')).toBe(`https://s.example:8443${path}`);
      // Anybody can say so.
      expect(await redirected(path, by('https'), '127.0.0.1')).toBe(`https://s.example:8443${path}`);
    }
  });

  test('HSTS goes to who came by https, to Pacer or to a trusted proxy', async () => {
    const hsts = async (what: Ask) =>
      (await stack.ask({ host: 's.example', ...what })).headers['strict-transport-security'];
    expect(await hsts({ tls: true })).toBe('max-age=15768000');
    expect(await hsts({ headers: by('https'), from: '127.0.0.2' })).toBe('max-age=15768000');
    const port = ports.get('/secure') ?? 0;
    expect(await hsts({ port, headers: by('https'), from: '127.0.0.2' })).toBe('max-age=15768000');
    expect(await hsts({ port, headers: by('http'), from: '127.0.0.2' })).toBeUndefined();
  });
});
