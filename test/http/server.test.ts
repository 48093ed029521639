/** The status server over real sockets: who may ask it for what, and what it does not put up with. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { get, json, post, text, type Route } from '../../src/http/route.ts';
import { startStatusServer, type StatusServerOptions } from '../../src/http/server.ts';
import { ask } from '../support/ask.ts';
import { makeAuthority } from '../support/certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'pacer-http-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(content: string, mode = 0o600): string {
  const path = join(folder, `file-${++files}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const routes: readonly Route[] = [
  get('/healthz', () => text('alive\n'), { access: 'open' }),
  get('/things', () => json({ things: 1 })),
  get('/things/*', ({ rest, trusted }) => (rest === 'none' ? undefined : json({ rest, trusted }))),
  post('/things', ({ body }) => json({ got: body.length })),
  get('/_mlb_signal/hup', () => text('OK\n'), { access: 'open', rate: { burst: 2, perSecond: 0.001 } }),
];

const token = 'a-token-of-some-length';

async function serve(options: Partial<StatusServerOptions> = {}) {
  const warnings: string[] = [];
  const server = await startStatusServer({
    ...{
      listen: { host: '127.0.0.1', port: 0 },
      loopback: true,
      tokenFile: undefined,
      tls: undefined,
      routes,
    },
    warn: (message) => warnings.push(message),
    ...options,
  });
  onTestFinished(server.close);
  return {
    warnings,
    address: server.address,
    ask: (path: string, more: Parameters<typeof ask>[1] = {}) => ask(`${server.address}${path}`, more),
  };
}

const bearer = (value = token) => ({ Authorization: `Bearer ${value}` });

describe('the status server on a loopback address without a token', () => {
  test('lets everybody read and nobody change anything', async () => {
    const server = await serve();
    expect((await server.ask('/things')).status).toBe(200);
    const refused = await server.ask('/things', { method: 'POST', body: 'x' });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('--status-token-file')]);
  });

  test('refuses a host name that was made to resolve to it, but accepts addresses and localhost', async () => {
    const server = await serve();
    const status = async (host: string) => (await server.ask('/things', { headers: { Host: host } })).status;
    expect(await status('evil.example.com')).toBe(403);
    expect(await status('evil.example.com:9095')).toBe(403);
    expect(await Promise.all(['127.0.0.1:1', '[::1]:1', 'localhost:1', 'LOCALHOST'].map(status))).toEqual([
      200, 200, 200, 200,
    ]);
  });
});

describe('the status server with a token', () => {
  test('lets only the right token change something', async () => {
    const server = await serve({ tokenFile: file(`# ours\n${token}\nanother-token-of-some-length\n`) });
    const change = async (headers: Record<string, string>) =>
      (await server.ask('/things', { method: 'POST', body: '{}', headers })).status;
    expect(await change({})).toBe(401);
    expect(await change(bearer('a-token-of-some-lengtH'))).toBe(401);
    expect(await change({ Authorization: `Basic ${token}` })).toBe(401);
    expect(await change(bearer())).toBe(200);
    expect(await change(bearer('another-token-of-some-length'))).toBe(200);
  });

  test('uses the token file as it is now: a new token at once, an old one no longer, none while the file is missing', async () => {
    const path = file(token);
    const server = await serve({ tokenFile: path });
    const status = async (value: string) =>
      (await server.ask('/things/x', { headers: bearer(value) })).status;
    expect(await status(token)).toBe(200);
    writeFileSync(path, 'the-next-token-of-some-length\n');
    expect([await status(token), await status('the-next-token-of-some-length')]).toEqual([401, 200]);
    rmSync(path);
    expect(await status('the-next-token-of-some-length')).toBe(401);
    expect(server.warnings).toEqual([expect.stringContaining('no token is accepted')]);
  });

  test('warns of a file that others can read, and refuses one without a good token', async () => {
    const server = await serve({ tokenFile: file(token, 0o644) });
    expect(server.warnings).toEqual([expect.stringContaining('chmod 640')]);
    await expect(serve({ tokenFile: file('\n# none\n') })).rejects.toMatchObject({ code: 'FILE_MALFORMED' });
    await expect(serve({ tokenFile: file('short') })).rejects.toMatchObject({ code: 'FILE_MALFORMED' });
    await expect(serve({ tokenFile: join(folder, 'none') })).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });

  test('answers guessing with 429, without locking out clients that have the token', async () => {
    const server = await serve({ tokenFile: file(token) });
    const guesses: number[] = [];
    for (let i = 0; i < 30; i++)
      guesses.push((await server.ask('/things', { headers: bearer(`guess-${i}`) })).status);
    expect([guesses[0], guesses.at(-1)]).toEqual([401, 429]);
    expect((await server.ask('/things', { headers: bearer() })).status).toBe(200);
  });
});

describe('the status server on an address that others can reach', () => {
  test('needs the token for reading too, except for open paths', async () => {
    const server = await serve({ loopback: false, tokenFile: file(token) });
    const refused = await server.ask('/things');
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect((await server.ask('/healthz', { headers: { Host: 'edge.example.com' } })).status).toBe(200);
    const read = await server.ask('/things/a/b%20c', { headers: { ...bearer(), Host: 'edge.example.com' } });
    expect(JSON.parse(read.text)).toEqual({ rest: 'a/b c', trusted: true });
  });

  test('accepts a client certificate of the given CA like a token, and no other', async () => {
    const ours = await makeAuthority('ours');
    const theirs = await makeAuthority('theirs');
    const own = await ours.issue('localhost');
    const server = await serve({
      loopback: false,
      tls: { cert: file(own.cert), key: file(own.key), clientCa: file(ours.cert) },
    });
    const status = async (client: object, method = 'GET') =>
      (await server.ask('/things', { method, ca: ours.cert, ...client })).status;
    expect(server.address).toMatch(/^https:/);
    expect(await status({})).toBe(401);
    expect(await status(await theirs.issue('intruder'))).toBe(401);
    const operator = await ours.issue('operator');
    expect([await status(operator), await status(operator, 'POST')]).toEqual([200, 200]);
  });
});

describe('a page of another site in a browser on this machine', () => {
  test('can change nothing, not even with the token or a client certificate', async () => {
    const server = await serve({ tokenFile: file(token) });
    const change = async (headers: Record<string, string>) =>
      (await server.ask('/things', { method: 'POST', headers: { ...bearer(), ...headers } })).status;
    expect(await change({ Origin: 'https://evil.example.com' })).toBe(403);
    expect(await change({ Origin: 'null' })).toBe(403);
    expect(await change({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await change({ Origin: server.address, 'Sec-Fetch-Site': 'same-origin' })).toBe(200);
    const image = { headers: { 'Sec-Fetch-Site': 'cross-site' } };
    expect((await server.ask('/_mlb_signal/hup', image)).status).toBe(403);
  });
});

describe('the status server in general', () => {
  test('lets a burst of requests through to a route with an effect, then answers 429 for a while', async () => {
    const server = await serve();
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await server.ask('/_mlb_signal/hup')).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await server.ask('/_mlb_signal/hup')).headers['retry-after']).toBe('1');
  });

  test('sends headers that keep a browser from misusing an answer', async () => {
    const server = await serve();
    for (const path of ['/things', '/nothing', '/things/none', '/healthz', '/things/%ff']) {
      expect((await server.ask(path)).headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    }
  });

  test('names the possible paths and methods if they are wrong', async () => {
    const server = await serve();
    const wrong = await server.ask('/thing');
    expect([wrong.status, wrong.text]).toEqual([404, expect.stringContaining('/things')]);
    const method = await server.ask('/things', { method: 'DELETE' });
    expect([method.status, method.headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
    expect((await server.ask('/things/none')).status).toBe(404);
    expect((await server.ask('/things/%ff')).status).toBe(400);
    expect((await server.ask('/things', { method: 'HEAD' })).text).toBe('');
  });

  test('does not read a body that is too large', async () => {
    const server = await serve({ tokenFile: file(token) });
    const send = (size: number, headers = {}) =>
      server.ask('/things', { method: 'POST', body: 'x'.repeat(size), headers: { ...bearer(), ...headers } });
    expect((await send(200_000)).status).toBe(200);
    expect((await send(300_000)).status).toBe(413);
    expect((await send(300_000, { 'Transfer-Encoding': 'chunked' })).status).toBe(413);
  });

  test('cuts off a client that never finishes its request', async () => {
    const server = await serve();
    const socket = connect(Number(new URL(server.address).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.write('GET /things HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });
});
