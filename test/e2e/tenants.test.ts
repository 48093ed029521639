/** Whoever may deploy an app gets no more than its own service, whatever the labels say; nobody else loses a request. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';

let stack: Stack;
let traffic: Traffic;
let ports: number[];
const marker = () => join(stack.directory, 'was-here');

beforeAll(async () => {
  stack = await startStack({ flags: ['--reload-spacing', '0'] });
  ports = await stack.freePorts(12);
  await stack.marathon.deploy(
    httpApp('/bank', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'bank.example' } }),
  );
  await stack.inStep('/bank');
  traffic = createTraffic({
    port: stack.ports.http,
    ...{ keepAlive: 4, close: 4 },
    target: () => ({ host: 'bank.example', path: '/' }),
  });
  traffic.start();
});
afterAll(() => stack.close());

const configuration = () => readFile(join(stack.directory, 'current', 'haproxy.cfg'), 'utf8');

const attacks: readonly (readonly [string, () => Record<string, string>])[] = [
  ['a newline in BALANCE', () => ({ HAPROXY_0_BALANCE: 'roundrobin\n  http-request return status 299' })],
  ['a newline in VHOST', () => ({ HAPROXY_0_VHOST: 'a.example\n  http-request return status 299' })],
  [
    'a program section in BACKEND_HEAD',
    () => ({
      HAPROXY_0_BACKEND_HEAD: `backend {backend}\nprogram evil\n  command touch ${marker()}\n  user root\n`,
    }),
  ],
  [
    'a second global section in BACKEND_HEAD',
    () => ({ HAPROXY_0_BACKEND_HEAD: 'backend {backend}\nglobal\n  stats socket /tmp/x level admin\n' }),
  ],
  [
    'an external check in BACKEND_HEAD',
    () => ({
      HAPROXY_0_BACKEND_HEAD: `backend {backend}\n  option external-check\n  external-check command /bin/touch\n`,
    }),
  ],
  [
    'rules for all in FRONTEND_HEAD',
    () => ({
      HAPROXY_0_FRONTEND_HEAD: `frontend {backend}\n  bind *:${ports[0]}\nfrontend marathon_http_in\n  use_backend {backend}\n`,
    }),
  ],
  [
    'the traffic of all in HTTP_FRONTEND_ACL',
    () => ({ HAPROXY_0_VHOST: 'evil.example', HAPROXY_0_HTTP_FRONTEND_ACL: '  use_backend {backend}\n' }),
  ],
  ["another app's host", () => ({ HAPROXY_0_VHOST: 'bank.example' })],
  ["another app's port", () => ({ HAPROXY_0_PORT: String(ports[0]) })],
];

test.each(attacks)('%s is refused, with the app and the label named', async (name, labels) => {
  const n = attacks.findIndex(([it]) => it === name);
  const id = `/evil-${n}`;
  await stack.marathon.deploy(httpApp(id, ports[n + 1]!, { labels: labels() }));
  await stack.until('it is said', async () =>
    (await stack.status()).diagnostics.some(
      ({ appId, severity, text }) => appId === id && severity === 'error' && text.startsWith(id),
    ),
  );
  const text = await configuration();
  expect(text).not.toMatch(/^\s*(?:program|external-check)|status 299|level admin\s*$/m);
  expect(existsSync(marker())).toBe(false);
});

test('all others changed on meanwhile, and no request of theirs was lost or went astray', async () => {
  await stack.marathon.scale('/bank', 4);
  await stack.inStep('/bank');
  const { ok, failures } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(50);
  for (let i = 0; i < 8; i++) expect((await stack.ask({ host: 'bank.example' })).json?.app).toBe('/bank');
  expect((await stack.ask({ port: ports[0]! })).json?.app).toBe('/bank');
  expect(existsSync(marker())).toBe(false);
});
