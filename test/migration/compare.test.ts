/** marathon-lb's configuration, in its own form, beside what Pacer makes of the same apps. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import { decodeApps } from '../../src/marathon/decode/decode.ts';
import { compare } from '../../src/migration/compare.ts';
import { readLb } from '../../src/migration/lb-view.ts';
import { noOperatorTemplates } from '../../src/render/operator/operator-templates.ts';
import { resolveSettings } from '../../src/settings/settings.ts';

const acl = readFileSync(join(import.meta.dirname, 'marathon-lb', 'acl.cfg'), 'utf8');

const app = (
  id: string,
  port: number,
  labels: Record<string, string>,
  more: Record<string, unknown> = {},
) => ({
  id,
  instances: 1,
  labels: { HAPROXY_GROUP: 'external', ...labels },
  portDefinitions: [{ port, protocol: 'tcp' }],
  tasks: [task(`${id}.1`, '10.0.0.1', port + 21_000)],
  ...more,
});
const task = (id: string, host: string, port: number) => ({ id, host, ports: [port], state: 'TASK_RUNNING' });

const check = { protocol: 'HTTP', path: '/health', portIndex: 0 };
const admin = app('/admin', 10_003, {
  HAPROXY_0_VHOST: 'admin.example.com',
  HAPROXY_0_AUTH: 'Staff only:alice:$6$salt$hash',
});
const db = app(
  '/db',
  10_005,
  { HAPROXY_0_BALANCE: 'leastconn' },
  { tasks: [task('db.1', '10.0.0.2', 31_005)] },
);
const secure = app('/secure', 10_004, {
  HAPROXY_0_VHOST: 'secure.example.com',
  HAPROXY_0_REDIRECT_TO_HTTPS: 'true',
});
const api = app(
  '/shop/api',
  10_002,
  { HAPROXY_0_VHOST: 'shop.example.com', HAPROXY_0_PATH: '/api /v2' },
  { healthChecks: [check], tasks: [task('api.1', '10.0.0.1', 31_002), task('api.2', '10.0.0.2', 31_002)] },
);
const web = app('/shop/web', 10_001, {
  HAPROXY_0_VHOST: 'shop.example.com,www.shop.example.com',
  HAPROXY_0_STICKY: 'true',
});
const apps = [admin, db, secure, api, web];

function desiredOf(all: unknown[], flags: Record<string, unknown> = {}) {
  const { settings } = resolveSettings({
    flags: { groups: 'external', ...flags },
    environment: {},
    file: undefined,
  });
  const context = modelContext(settings, (host) => host, noOperatorTemplates);
  return nextDesired(nothingDesired, { changed: decodeApps({ apps: all }).apps, removed: [] }, context);
}

const compared = (
  all: unknown[],
  configuration = acl,
  maps: { vhostMap?: string; appMap?: string } = {},
  flags: Record<string, unknown> = {},
) => compare(readLb({ configuration, vhostMap: maps.vhostMap, appMap: maps.appMap }), desiredOf(all, flags));

const differences = (...args: Parameters<typeof compared>) =>
  compared(...args).differences.map(
    ({ kind, subject, marathonLb, pacer, why }) => `${kind} ${subject}: ${marathonLb} | ${pacer} | ${why}`,
  );

test('the same apps are served alike', () => {
  const result = compared(apps);
  expect(result.differences).toEqual([]);
  expect(result.unknown).toEqual([]);
  expect(result.compared).toBeGreaterThan(30);
});

test('what guards a vhost guards the whole service, and that is said without counting as a difference', () => {
  expect(compared(apps).notes).toEqual([
    { subject: 'admin_10003', text: expect.stringContaining('basic auth') as unknown },
  ]);
});

test('an app that Pacer does not expose names the reason', () => {
  const others = apps.filter((it) => it !== db);
  const internal = { ...db, labels: { HAPROXY_GROUP: 'internal' } };
  expect(differences([...others, internal])).toEqual([
    'port 10005: db_10005 | nobody | /db: its group is internal; this load balancer is external',
  ]);
  expect(differences(others)).toEqual(['port 10005: db_10005 | nobody | Marathon has no such app now']);
});

test('a service that is rejected names its bad label', () => {
  const bad = { ...db, labels: { ...db.labels, HAPROXY_0_BALANCE: 'fastest' } };
  const [first] = differences(apps.map((it) => (it === db ? bad : it)));
  expect(first).toMatch(/^port 10005: db_10005 \| nobody \| \/db: HAPROXY_0_BALANCE: /);
});

test('paths of equal weight: marathon-lb takes the first app id, Pacer the longest path', () => {
  const root = app('/a/root', 10_010, { HAPROXY_0_VHOST: 'p.example.com', HAPROXY_0_PATH: '/' });
  const deep = app('/b/deep', 10_011, { HAPROXY_0_VHOST: 'p.example.com', HAPROXY_0_PATH: '/deep' });
  const rules = `
  acl host_p hdr(host) -i p.example.com
  acl path_a path_beg /
  use_backend a_root_10010 if host_p path_a
  acl path_b path_beg /deep
  use_backend b_deep_10011 if host_p path_b
`;
  const configuration = `frontend marathon_http_in\n  bind *:80\n${rules}
frontend marathon_https_in\n  bind *:443 ssl crt x\n${rules}
frontend a_root_10010\n  bind *:10010\n  use_backend a_root_10010
frontend b_deep_10011\n  bind *:10011\n  use_backend b_deep_10011
frontend marathon_http_appid_in\n  bind *:9091
  acl a hdr(x-marathon-app-id) -i /a/root\n  use_backend a_root_10010 if a
  acl b hdr(x-marathon-app-id) -i /b/deep\n  use_backend b_deep_10011 if b
backend a_root_10010\n  mode http\n  balance roundrobin\n  server s 10.0.0.1:31010
backend b_deep_10011\n  mode http\n  balance roundrobin\n  server s 10.0.0.1:31011
`;
  const why = 'both have the weight 1; Pacer takes the longest path first, marathon-lb the first app id';
  expect(differences([root, deep], configuration)).toEqual([
    `http p.example.com/deep: a_root_10010 | b_deep_10011 | ${why}`,
    `http p.example.com/deep/below: a_root_10010 | b_deep_10011 | ${why}`,
  ]);
});

test('servers that differ name the task and the reason', () => {
  const sick = {
    ...api,
    tasks: [
      { ...api.tasks[0], healthCheckResults: [{ alive: true }] },
      { ...api.tasks[1], healthCheckResults: [{ alive: false }] },
    ],
  };
  const found = differences(
    apps.map((it) => (it === api ? sick : it)),
    acl,
    {},
    { healthCheck: true },
  );
  expect(found).toEqual([
    expect.stringMatching(
      /^backend shop_api_10002: server 10\.0\.0\.2:31002 \| no such server \| task api\.2: /,
    ),
  ]);
});

test('a task that marathon-lb does not have, another balance, another mode', () => {
  const more = { ...db, tasks: [...db.tasks, task('db.2', '10.0.0.3', 31_005)] };
  const configuration = acl
    .replace('balance leastconn', 'balance source')
    .replace(
      'backend db_10005\n  balance source\n  mode tcp',
      'backend db_10005\n  balance source\n  mode http',
    );
  expect(
    differences(
      apps.map((it) => (it === db ? more : it)),
      configuration,
    ),
  ).toEqual([
    expect.stringContaining('no such server | server 10.0.0.3:31005'),
    expect.stringContaining('mode http | mode tcp'),
    expect.stringContaining('balance source | balance leastconn'),
  ]);
});

test('an app scaled to zero is no difference, since both answer 503', () => {
  const configuration = acl
    .replace(/^frontend db_10005\n(?: .*\n)+/m, '')
    .replace(/^backend db_10005\n(?: .*\n)+/m, '');
  const none = { ...db, instances: 0, tasks: [] };
  const { differences: found, notes } = compared(
    apps.map((it) => (it === db ? none : it)),
    configuration,
  );
  expect(found).toEqual([]);
  expect(notes).toContainEqual({ subject: 'db_10005', text: expect.stringContaining('503') as unknown });
});

test('a redirect that only one of them has', () => {
  const plain = { ...secure, labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'secure.example.com' } };
  expect(differences(apps.map((it) => (it === secure ? plain : it)))[0]).toMatch(
    /^http secure\.example\.com\/: redirect to https \| secure_10004 \| \/secure does not ask for a redirect/,
  );
});

test('rules that cannot be judged are not guessed', () => {
  const configuration = acl.replace(
    'use_backend admin_10003 if host_admin_example_com_admin',
    'use_backend admin_10003 if host_admin_example_com_admin { src 10.0.0.0/8 }',
  );
  const { unknown, differences: found } = compared(apps, configuration);
  expect(found).toEqual([]);
  expect(unknown).toContainEqual({
    subject: 'admin.example.com/',
    why: expect.stringMatching(
      /^marathon-lb's line \d+ cannot be judged: use_backend admin_10003 if .* \{ src 10\.0\.0\.0\/8 \}$/,
    ) as unknown,
  });
});

describe('with --haproxy-map', () => {
  const http = `frontend marathon_http_in
  bind *:80
  mode http
  acl path_shop_api_10002 path_beg /api /v2
  acl host_shop_example_com_shop_api hdr(host) -i shop.example.com
  use_backend shop_api_10002 if host_shop_example_com_shop_api path_shop_api_10002
  acl host_admin hdr(host) -i admin.example.com
  use_backend admin_10003 if host_admin
  acl host_secure hdr(host) -i secure.example.com
  redirect scheme https code 301 if !{ ssl_fc } host_secure
  use_backend %[req.hdr(host),lower,regsub(:.*$,,),map(/marathon-lb/domain2backend.map)]
`;
  const https = `frontend marathon_https_in
  bind *:443 ssl crt /etc/ssl/cert.pem
  mode http
  acl path_shop_api_10002 path_beg /api /v2
  use_backend shop_api_10002 if { ssl_fc_sni shop.example.com } path_shop_api_10002
  use_backend admin_10003 if { ssl_fc_sni admin.example.com }
  use_backend %[ssl_fc_sni,lower,map(/marathon-lb/domain2backend.map)]
`;
  const appid = `frontend marathon_http_appid_in
  bind *:9091
  mode http
  use_backend %[req.hdr(X-Marathon-App-Id),lower,map(/marathon-lb/app2backend.map)]
`;
  const replaced = (name: string, text: string, configuration: string) =>
    configuration.replace(new RegExp(`^frontend ${name}\\n(?: .*\\n)+`, 'm'), text);
  const configuration = [
    ['marathon_http_in', http],
    ['marathon_https_in', https],
    ['marathon_http_appid_in', appid],
  ].reduce((text, [name = '', section = '']) => replaced(name, section, text), acl);
  const vhostMap =
    'shop.example.com shop_web_10001\nwww.shop.example.com shop_web_10001\nsecure.example.com secure_10004\n';
  const appMap =
    '/admin admin_10003\n/secure secure_10004\n/shop/api shop_api_10002\n/shop/web shop_web_10001\n';

  test('the same apps are served alike', () => {
    const { differences: found, unknown } = compared(apps, configuration, { vhostMap, appMap });
    expect(found).toEqual([]);
    expect(unknown).toEqual([]);
  });

  test('a host that its map leads elsewhere is found', () => {
    const other = vhostMap.replace(
      'www.shop.example.com shop_web_10001',
      'www.shop.example.com secure_10004',
    );
    expect(differences(apps, configuration, { vhostMap: other, appMap })).toEqual([
      'http www.shop.example.com/: secure_10004 | shop_web_10001 | Pacer tries /shop/web (weight 0) before /secure (weight 0)',
      'http www.shop.example.com/below: secure_10004 | shop_web_10001 | Pacer tries /shop/web (weight 0) before /secure (weight 0)',
    ]);
  });

  test('without the map nothing is claimed of its hosts', () => {
    const { differences: found, unknown } = compared(apps, configuration, { appMap });
    expect(found).toEqual([]);
    expect(unknown.map(({ subject }) => subject)).toContain('www.shop.example.com/');
  });
});

test('with --group-https-by-vhost HTTPS is followed to the frontend of the vhost', () => {
  const grouped = `frontend marathon_https_in
  bind *:443
  mode tcp
  tcp-request inspect-delay 5s
  tcp-request content accept if { req_ssl_hello_type 1 }
  use_backend backend_shop if { req_ssl_sni -i shop.example.com }
  use_backend backend_admin if { req_ssl_sni -i admin.example.com }

backend backend_shop
  server loopback-for-tls abns@shop send-proxy-v2

frontend shop
  mode http
  bind abns@shop accept-proxy ssl crt /etc/ssl/shop.pem
  acl path_shop_api_10002 path_beg /api
  use_backend shop_api_10002 if { ssl_fc_sni shop.example.com } path_shop_api_10002
  use_backend shop_web_10001 if { ssl_fc_sni shop.example.com }

backend backend_admin
  server loopback-for-tls abns@admin send-proxy-v2

frontend admin
  mode http
  bind abns@admin accept-proxy ssl crt /etc/ssl/admin.pem
  use_backend secure_10004 if { ssl_fc_sni admin.example.com }
`;
  const lb = readLb({
    configuration: `${acl.replace(/^frontend marathon_https_in\n(?: .*\n)+/m, '')}\n${grouped}`,
    vhostMap: undefined,
    appMap: undefined,
  });
  const ask = (host: string, path: string) => lb.answerHost({ secure: true, host, path, appId: '' });
  expect(ask('shop.example.com', '/')).toEqual({ kind: 'backend', backend: 'shop_web_10001' });
  expect(ask('shop.example.com', '/api/x')).toEqual({ kind: 'backend', backend: 'shop_api_10002' });
  expect(ask('admin.example.com', '/')).toEqual({ kind: 'backend', backend: 'secure_10004' });
  expect(ask('unknown.example.com', '/')).toEqual({ kind: 'nobody' });
});

describe('what guards a host', () => {
  const site = app('/site', 10_020, {
    HAPROXY_0_VHOST: 'g.example.com',
    HAPROXY_0_AUTH: 'r:alice:$6$salt$hash',
  });
  const siteApi = (labels: Record<string, string> = {}) =>
    app('/site-api', 10_021, { HAPROXY_0_VHOST: 'g.example.com', HAPROXY_0_PATH: '/api', ...labels });
  const configurationOf = (asks: boolean) => {
    const rules = `
  acl path_api path_beg /api
  acl host_g hdr(host) -i g.example.com
  use_backend site-api_10021 if host_g path_api
  acl auth_g http_auth(user_site_10020)
${asks ? '  http-request auth realm "r" if host_g !auth_g\n' : ''}  use_backend site_10020 if host_g
`;
    return `userlist user_site_10020\n  user alice password x
frontend marathon_http_in\n  bind *:80\n${rules}
frontend marathon_https_in\n  bind *:443 ssl crt x\n${rules}
frontend marathon_http_appid_in\n  bind *:9091
  acl a hdr(x-marathon-app-id) -i /site\n  use_backend site_10020 if a
  acl b hdr(x-marathon-app-id) -i /site-api\n  use_backend site-api_10021 if b
frontend site_10020\n  bind *:10020\n  use_backend site_10020
frontend site-api_10021\n  bind *:10021\n  use_backend site-api_10021
backend site_10020\n  mode http\n  balance roundrobin\n  server s 10.0.0.1:31020
backend site-api_10021\n  mode http\n  balance roundrobin\n  server s 10.0.0.1:31021
`;
  };

  test('is no difference where both ask on the whole host', () => {
    expect(differences([site, siteApi()], configurationOf(true))).toEqual([]);
  });

  test('is one where Pacer serves without asking', () => {
    const open = siteApi({ HAPROXY_0_AUTH_SCOPE: 'service' });
    const why = '/site-api has HAPROXY_0_AUTH_SCOPE service';
    expect(differences([site, open], configurationOf(true))).toEqual([
      `http g.example.com/api: asks for user and password | asks for no user and password | ${why}`,
      `http g.example.com/api/below: asks for user and password | asks for no user and password | ${why}`,
    ]);
  });

  test('is one where marathon-lb serves without asking, or lets every network in', () => {
    const near = { ...site, labels: { ...site.labels, HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '10.0.0.0/8' } };
    expect(
      differences([near, siteApi()], configurationOf(false)).filter((it) => it.includes('/api:')),
    ).toEqual([
      expect.stringMatching(
        /^http g.example.com\/api: asks for no user and password \| asks for user and password \| \/site claims the host/,
      ),
      expect.stringMatching(/^http g.example.com\/api: open to every network \| only some networks \| /),
    ]);
  });
});
