/** Labels that change requests, responses and who may come, with real requests. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askTcp, httpApp, startStack, type Ask, type Stack } from '../support/stack.ts';

let stack: Stack;
const ports = new Map<string, number>();
const portOf = (id: string) => ports.get(id) ?? 0;

beforeAll(async () => {
  stack = await startStack({ flags: ['--trusted-proxies', '127.0.0.2,127.0.0.3'] });
  const labels: Record<string, Record<string, string>> = {
    '/stripped': {
      VHOST: 'one.example',
      PATH: '/shop',
      PATH_TYPE: 'prefix',
      HTTP_BACKEND_PROXYPASS_PATH: '/shop/',
    },
    '/several': { VHOST: 'a.example,b.example,*.c.example', HTTP_BACKEND_PROXYPASS_PATH: '/x.y' },
    '/moved': { VHOST: 'moved.example', PATH: '/app', HTTP_BACKEND_REVPROXY_PATH: '/app' },
    '/root': { VHOST: 'root.example,www.root.example', HTTP_BACKEND_REDIR: '/start?a=1%20b' },
    '/local': { VHOST: 'local.example', BACKEND_NETWORK_ALLOWED_ACL: '127.0.0.1 203.0.113.0/24' },
    '/far': { VHOST: 'far.example', BACKEND_NETWORK_ALLOWED_ACL: '198.51.100.0/24' },
    '/proxied': { MODE: 'http', BIND_OPTIONS: 'accept-proxy' },
  };
  const free = await stack.freePorts(Object.keys(labels).length + 2);
  const apps: { id: string }[] = Object.entries(labels).map(([id, values], i) => {
    ports.set(id, free[i] ?? 0);
    const named = Object.entries(values).map(([name, value]) => [`HAPROXY_0_${name}`, value]);
    return httpApp(id, portOf(id), { labels: Object.fromEntries(named) as Record<string, string> });
  });
  for (const [id, networks] of [
    ['/tcp-local', '127.0.0.1'],
    ['/tcp-far', '198.51.100.0/24'],
  ] as const) {
    ports.set(id, free.pop() ?? 0);
    apps.push({
      ...httpApp(id, portOf(id), { labels: { HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: networks } }),
      ...{ env: { SAMPLE: 'tcp-echo' }, healthChecks: [] },
    });
  }
  await Promise.all(apps.map((app) => stack.marathon.deploy(app)));
  for (const { id } of apps) await stack.inStep(id);
});
afterAll(() => stack.close());

/** What the server was asked: path and Host header. */
const seen = async (what: Ask) => {
  const { json } = await stack.ask(what);
  return [json?.app, json?.path, json?.headers['host']];
};

describe('PROXYPASS_PATH', () => {
  test('strips whole segments of the path, keeps the query, and tells the server the vhost', async () => {
    const at = (path: string) => seen({ host: `one.example:${stack.ports.http}`, path });
    expect(await at('/shop')).toEqual(['/stripped', '/', 'one.example']);
    expect(await at('/shop/')).toEqual(['/stripped', '/', 'one.example']);
    expect(await at('/shop/cart?item=/shop/1')).toEqual(['/stripped', '/cart?item=/shop/1', 'one.example']);
  });

  test('leaves another path as it is, on the service port too, where the server is told the vhost as well', async () => {
    const at = (path: string) => seen({ port: portOf('/stripped'), host: 'anything', path });
    expect(await at('/shopping')).toEqual(['/stripped', '/shopping', 'one.example']);
    expect(await at('/shop/a')).toEqual(['/stripped', '/a', 'one.example']);
  });

  test('tells the server the vhost that was asked for, where there are several', async () => {
    expect(await seen({ host: 'B.example', path: '/x.y/1' })).toEqual(['/several', '/1', 'b.example']);
    expect(await seen({ host: 'z.c.example', path: '/xzy/1' })).toEqual([
      '/several',
      '/xzy/1',
      'z.c.example',
    ]);
    expect(await seen({ port: portOf('/several'), host: 'anything', path: '/x.y' })).toEqual([
      '/several',
      '/',
      'a.example',
    ]);
  });
});

describe('REVPROXY_PATH', () => {
  const locationOf = async (location: string) =>
    (await stack.ask({ host: 'moved.example', path: `/app?location=${encodeURIComponent(location)}` }))
      .headers['location'];

  test('goes before a redirect that stays on the vhost', async () => {
    expect(await locationOf('/login?next=/a')).toBe('/app/login?next=/a');
    expect(await locationOf('/')).toBe('/app/');
    expect(await locationOf('http://moved.example/login')).toBe('/app/login');
    expect(await locationOf('https://Moved.Example:8443/a/b')).toBe('/app/a/b');
  });

  test('leaves a redirect to elsewhere as it is', async () => {
    for (const elsewhere of ['https://other.example/login', '//other.example/login', 'next', 'mailto:a@b']) {
      expect(await locationOf(elsewhere)).toBe(elsewhere);
    }
  });
});

test('REDIR redirects the root of each vhost, and nothing else', async () => {
  for (const host of ['root.example', 'www.root.example', 'Root.Example:8080']) {
    const answer = await stack.ask({ host, path: '/?b=2' });
    expect([answer.status, answer.headers['location']]).toEqual([301, '/start?a=1%20b']);
    expect((await stack.ask({ host, path: '/other' })).status).toBe(200);
  }
  // Who checks the service port sees the app.
  expect((await stack.ask({ port: portOf('/root'), host: 'root.example', path: '/' })).status).toBe(200);
  const headers = { 'X-Marathon-App-Id': '/root' };
  expect((await stack.ask({ port: stack.ports.appid, headers, path: '/' })).status).toBe(200);
});

describe('NETWORK_ALLOWED_ACL', () => {
  const ways = (id: string, host: string): Ask[] => [
    { host },
    { host, tls: true },
    { port: portOf(id) },
    { port: stack.ports.appid, headers: { 'X-Marathon-App-Id': id } },
  ];

  test('lets its networks in, whichever way they come', async () => {
    for (const way of ways('/local', 'local.example')) expect((await stack.ask(way)).status).toBe(200);
  });

  test('answers others with 403, whichever way they come and whatever they claim', async () => {
    for (const way of ways('/far', 'far.example')) {
      const claims = { ...way.headers, 'X-Forwarded-For': '198.51.100.7' };
      expect((await stack.ask(way)).status).toBe(403);
      expect((await stack.ask({ ...way, headers: claims })).status).toBe(403);
    }
  });

  test('believes what trusted proxies say of the client, and only what they can know', async () => {
    const through = async (host: string, forwarded?: string) => {
      const headers = forwarded === undefined ? {} : { 'X-Forwarded-For': forwarded };
      return (await stack.ask({ host, headers, from: '127.0.0.2' })).status;
    };
    expect(await through('far.example')).toBe(403);
    expect(await through('far.example', '198.51.100.7')).toBe(200);
    expect(await through('far.example', '198.51.100.7, 203.0.113.1')).toBe(403);
    // Through another proxy that is trusted.
    expect(await through('far.example', '203.0.113.1, 198.51.100.7, 127.0.0.3')).toBe(200);
    expect(await through('local.example', '203.0.113.1')).toBe(200);
    expect(await through('local.example')).toBe(403);
  });

  test('closes the connection of others in tcp mode', async () => {
    expect(await askTcp(portOf('/tcp-local'), 'hello')).toContain('hello');
    expect(await endOf(portOf('/tcp-far'))).toBe('closed without a byte');
  });
});

test('BIND_OPTIONS accept-proxy takes the client’s address from the PROXY protocol', async () => {
  const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const answer = await exchange(portOf('/proxied'), `PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n${request}`);
  expect(answer).toContain('"x-forwarded-for":"192.0.2.7"');
  expect(await exchange(portOf('/proxied'), request)).toBe('');
});

/** Everything that comes until the connection ends. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(text));
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.once('error', () => resolve(answer));
    socket.once('close', () => resolve(answer));
  });
}

async function endOf(port: number): Promise<string> {
  const answer = await exchange(port, 'hello\n');
  return answer === '' ? 'closed without a byte' : answer;
}
