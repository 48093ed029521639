/** Templates of labels and of the operator, with real requests: what they rewrite, guard, redirect and lead where. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretHash } from '../support/password.ts';
import { httpApp, startStack, type Ask, type Stack } from '../support/stack.ts';

let stack: Stack;
const templates = mkdtempSync(join(tmpdir(), 'pacer-templates-'));

const authorization = `Basic ${Buffer.from('alice:secret').toString('base64')}`;

/** As marathon-lb's own templates are, which everybody's are copies of. */
const host = '  acl host_{cleanedUpHostname} hdr(host) -i {hostname}\n';
const use = '  use_backend {backend} if host_{cleanedUpHostname}';

const labels: Record<string, Record<string, string>> = {
  '/rewritten': {
    VHOST: 'rewritten.example',
    HTTP_BACKEND_PROXYPASS_PATH: '/old',
    HTTP_BACKEND_PROXYPASS_GLUE:
      '  http-request set-header Host {hostname}\n  reqirep  "^([^ :]*)\\ {proxypath}/?(.*)" "\\1\\ /new/\\2"\n',
    BACKEND_HTTP_OPTIONS:
      '  reqidel ^X-Secret:.*\n  reqadd X-Added:\\ 100%\n  rspidel ^Date:.*\n  rspadd X-Answer:\\ yes\n  block if { path_beg /internal }\n',
  },
  '/main': { VHOST: 'shared.example' },
  '/canary': {
    VHOST: 'shared.example',
    BACKEND_WEIGHT: '1',
    HTTP_FRONTEND_ACL: `${host}  acl chosen hdr(X-Canary) -m found\n${use} chosen\n`,
  },
  '/light': { VHOST: 'order.example', HTTP_FRONTEND_ACL: `${host}${use}\n` },
  '/heavy': { VHOST: 'order.example', PATH: '/heavy', BACKEND_WEIGHT: '9' },
  '/same-weight': { VHOST: 'order.example', PATH: '/same', BACKEND_WEIGHT: '0' },
  '/half-guarded': {
    VHOST: 'half.example',
    AUTH: `the realm:alice:${secretHash}`,
    HTTP_FRONTEND_ACL_WITH_AUTH: `${host}  acl auth_{cleanedUpHostname} http_auth(user_{backend})\n  http-request auth realm "{realm}" if host_{cleanedUpHostname} !auth_{cleanedUpHostname} !{{ path /health }}\n${use}\n`,
  },
  '/redirected': {
    VHOST: 'redirected.example',
    REDIRECT_TO_HTTPS: 'true',
    BACKEND_REDIRECT_HTTP_TO_HTTPS:
      '  redirect scheme https code 302 if !{{ ssl_fc }} host_{cleanedUpHostname} !{{ path_beg /.well-known/ }}\n',
  },
  '/by-id': {
    MODE: 'http',
    HTTP_FRONTEND_APPID_ACL:
      '  acl app_{cleanedUpAppId} hdr(X-Marathon-App-Id) -i {appId} /alias\n  use_backend {backend} if app_{cleanedUpAppId}\n',
  },
  '/evil': {
    VHOST: 'evil.example',
    BACKEND_HTTP_OPTIONS: '  option forwardfor\nprogram evil\n  command /bin/sh\n',
  },
  '/refused': { VHOST: 'refused.example', BACKEND_HTTP_OPTIONS: '  http-request set-header X\n' },
  '/refused-rule': {
    VHOST: 'rule.example',
    HTTP_FRONTEND_ACL: '  use_backend {backend} if no_such_condition\n',
  },
};

beforeAll(async () => {
  writeFileSync(
    join(templates, 'HAPROXY_HTTP_FRONTEND_HEAD'),
    'frontend marathon_http_in\n  bind 127.0.0.1:PORT\n  mode http\n  http-response set-header X-Operator yes\n  use_backend pacer_unknown_host if { path /forbidden }\n',
  );
  writeFileSync(
    join(templates, 'HAPROXY_HEAD'),
    'global\n  daemon\n  lua-load /marathon-lb/getpids.lua\ndefaults\n  timeout connect 3s\n  timeout client 30s\n  timeout server 30s\n  option http-server-close\nlisten stats\n  bind 0.0.0.0:9090\n  mode http\n  stats enable\n  stats auth admin:secret\n  acl getpid path /_haproxy_getpids\n  http-request use-service lua.getpids if getpid\n',
  );
  stack = await startStack({ start: false, flags: ['--templates', templates] });
  const file = join(templates, 'HAPROXY_HTTP_FRONTEND_HEAD');
  writeFileSync(
    file,
    `frontend marathon_http_in\n  bind 127.0.0.1:${stack.ports.http}\n  mode http\n  http-response set-header X-Operator yes\n  use_backend pacer_unknown_host if { path /forbidden }\n`,
  );
  stack.startPacer();
  const free = await stack.freePorts(Object.keys(labels).length);
  const apps = Object.entries(labels).map(([id, values], i) =>
    httpApp(id, free[i] ?? 0, {
      labels: Object.fromEntries(Object.entries(values).map(([name, value]) => [`HAPROXY_0_${name}`, value])),
    }),
  );
  await Promise.all(apps.map((app) => stack.marathon.deploy(app)));
  for (const { id } of apps) if (!/evil|refused/.test(id)) await stack.inStep(id);
});
afterAll(async () => {
  await stack.close();
  rmSync(templates, { recursive: true, force: true });
});

const app = async (what: Ask) => (await stack.ask(what)).json?.app;

describe('removed directives do what they did', () => {
  const at = (path: string, headers: Record<string, string> = {}) =>
    stack.ask({ host: 'rewritten.example', path, headers });

  test('paths and headers of requests', async () => {
    const { json } = await at('/OLD/a/b?c=/old/d', { 'x-secret': 'x' });
    expect(json).toMatchObject({ app: '/rewritten', path: '/new/a/b?c=/old/d' });
    expect(json?.headers).toMatchObject({ host: 'rewritten.example', 'x-added': '100%' });
    expect(json?.headers).not.toHaveProperty('x-secret');
    expect((await at('/old')).json?.path).toBe('/new/');
    expect((await at('/else')).json?.path).toBe('/else');
  });

  test('headers of responses, and refusals', async () => {
    const answer = await at('/');
    expect(answer.headers['x-answer']).toBe('yes');
    expect(answer.headers).not.toHaveProperty('date');
    expect((await at('/internal/x')).status).toBe(403);
  });
});

describe('rules among the maps', () => {
  test('a canary takes what its condition says, and the host’s own app the rest', async () => {
    expect(await app({ host: 'shared.example' })).toBe('/main');
    expect(await app({ host: 'shared.example', headers: { 'x-canary': '1' } })).toBe('/canary');
  });

  test('the larger weight comes first, then the longer path', async () => {
    expect(await app({ host: 'order.example', path: '/heavy/1' })).toBe('/heavy');
    expect(await app({ host: 'order.example', path: '/same/1' })).toBe('/same-weight');
    expect(await app({ host: 'order.example', path: '/' })).toBe('/light');
  });

  test('HTTPS leads to the same apps', async () => {
    for (const [path, id] of [
      ['/heavy', '/heavy'],
      ['/same', '/same-weight'],
      ['/', '/light'],
    ])
      expect(await app({ host: 'order.example', path: path ?? '', tls: true })).toBe(id);
  });

  test('an app id may have a rule', async () => {
    const byId = (id: string) => app({ port: stack.ports.appid, headers: { 'x-marathon-app-id': id } });
    expect(await byId('/by-id')).toBe('/by-id');
    expect(await byId('/alias')).toBe('/by-id');
    expect(await byId('/main')).toBe('/main');
  });
});

describe('a rule with basic auth', () => {
  test('asks as the template says, and the other ways in ask as ever', async () => {
    const status = async (what: Ask) => (await stack.ask(what)).status;
    const asked = { host: 'half.example', headers: { authorization } };
    expect(await status({ host: 'half.example' })).toBe(401);
    expect(await status(asked)).toBe(200);
    expect(await status({ host: 'half.example', path: '/health' })).toBe(200);
    // Its HTTPS template is Pacer's own.
    expect(await status({ host: 'half.example', path: '/health', tls: true })).toBe(401);
    const id = { port: stack.ports.appid, headers: { 'x-marathon-app-id': '/half-guarded' } };
    expect(await status(id)).toBe(401);
  });
});

test('a redirect of its own has its exceptions', async () => {
  const at = (path: string) => stack.ask({ host: 'redirected.example', path });
  expect(await at('/x')).toMatchObject({
    status: 302,
    headers: { location: 'https://redirected.example/x' },
  });
  expect((await at('/.well-known/acme')).json?.app).toBe('/redirected');
});

describe('the operator’s own', () => {
  test('frontend stands, with its rules before the routes', async () => {
    const answer = await stack.ask({ host: 'shared.example' });
    expect(answer.headers['x-operator']).toBe('yes');
    expect((await stack.ask({ host: 'shared.example', path: '/forbidden' })).status).toBe(404);
  });

  test('HEAD stands, and Pacer still reloads and answers on the statistics port', async () => {
    const stats = (path: string, headers: Record<string, string> = {}) =>
      stack.ask({ port: stack.ports.stats, path, headers });
    expect((await stats('/haproxy?stats;csv')).status).toBe(401);
    const basic = `Basic ${Buffer.from('admin:secret').toString('base64')}`;
    expect((await stats('/haproxy?stats;csv', { authorization: basic })).text).toContain('marathon_http_in');
    expect((await stats('/_haproxy_getpids')).text).toMatch(/^\d+/);
    expect((await stack.status()).haproxy.inSync).toBe(true);
  });
});

test('what is wrong rejects its own service alone, with the reason', async () => {
  for (const name of ['evil', 'refused', 'rule'])
    expect((await stack.ask({ host: `${name}.example` })).status).toBe(404);
  const { diagnostics } = await stack.status();
  const said = (id: string) =>
    diagnostics.filter(({ appId, severity }) => appId === id && severity === 'error').map(({ text }) => text);
  expect(said('/evil')).toEqual([
    expect.stringContaining('HAPROXY_0_BACKEND_HTTP_OPTIONS: line 2: labels may not contain "program"'),
  ]);
  expect(said('/refused')).toEqual([expect.stringContaining('HAProxy refuses its configuration')]);
  expect(said('/refused-rule')).toEqual([expect.stringMatching(/no such ACL : 'no_such_condition'/)]);
  expect(await app({ host: 'shared.example' })).toBe('/main');
});

test('a template that HAProxy refuses keeps Pacer from starting, and names the line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pacer-templates-'));
  try {
    writeFileSync(
      join(directory, 'HAPROXY_BACKEND_HEAD'),
      '\nbackend {backend}\n  balance {balance}\n  nonsense {mode}\n',
    );
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        'dist/main.js',
        'run',
        '--group',
        '*',
        '--templates',
        directory,
        '--state-dir',
        join(directory, 'state'),
      ],
      { encoding: 'utf8', timeout: 20_000 },
    );
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining(
        `${directory}/HAPROXY_BACKEND_HEAD: HAProxy refuses "nonsense http": unknown keyword 'nonsense'`,
      ) as string,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
