/** What guards a host guards all of it, for whom it may, and nothing else. */
import { describe, expect, test } from 'vitest';
import {
  allDiagnostics,
  nextDesired,
  nothingDesired,
  withRejected,
} from '../../../src/core/desired/desired.ts';
import { explain } from '../../../src/core/explain/explain.ts';
import { parseQuestion } from '../../../src/core/explain/question.ts';
import { describeDiagnostic } from '../../../src/core/model/diagnostic.ts';
import type { BackendName } from '../../../src/core/model/ids.ts';
import { guardLabels, guardsOn } from '../../../src/core/routing/guards.ts';
import { resolveRoute } from '../../../src/core/routing/lookups.ts';
import { loadFragments } from '../../../src/render/fragments.ts';
import { serviceRenderer } from '../../../src/render/service.ts';
import { parsePolicy } from '../../../src/settings/policy.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

type Labels = Record<string, string>;
const auth = { HAPROXY_0_AUTH: 'realm:alice:$6$salt$hash/.' };
const networks = { HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '10.0.0.0/8' };
const https = { HAPROXY_0_REDIRECT_TO_HTTPS: 'true' };
const host = { HAPROXY_0_VHOST: 'a.example' };
const path = (text: string, more: Labels = {}) => ({ ...host, HAPROXY_0_PATH: text, ...more });

function desiredOf(apps: Record<string, Labels>, policy = '') {
  const context = aContext();
  const parsed = parsePolicy(policy === '' ? '{}' : policy, 'policy.yaml');
  const changed = Object.entries(apps).map(([id, labels], i) =>
    anApp(id, {
      labels: { HAPROXY_GROUP: 'external', ...labels },
      ports: [aPort(10_001 + i)],
      tasks: [aTask(id, 1)],
    }),
  );
  return nextDesired(
    nothingDesired,
    { changed, removed: [] },
    { ...context, templates: { ...context.templates, policy: () => parsed } },
  );
}

/** Who serves a request, and the labels of others that hold for it. */
function answer(desired: ReturnType<typeof desiredOf>, request: string): string {
  const slash = request.indexOf('/');
  const target = { host: request.slice(0, slash), path: request.slice(slash) };
  const backend = resolveRoute(desired.routes, target)?.entry.backend;
  const definition = backend === undefined ? undefined : desired.services.get(backend)?.definition;
  if (definition === undefined) return 'nobody';
  const guards = guardsOn(definition, target).flatMap((guard) =>
    guardLabels(guard).map((label) => `${guard.appId} ${label.replace('HAPROXY_0_', '')}`),
  );
  return [definition.appId, ...guards].join(' + ');
}

const cases: Record<string, { apps: Record<string, Labels>; policy?: string; are: Record<string, string> }> =
  {
    'AUTH of a host without a path holds for a path of another app': {
      apps: { '/site': { ...host, ...auth }, '/api': path('/api') },
      are: { 'a.example/': '/site', 'a.example/api/x': '/api + /site AUTH' },
    },
    'of two apps on one host only the second has AUTH': {
      apps: { '/a': host, '/b': { ...host, ...auth } },
      are: { 'a.example/x': '/a + /b AUTH' },
    },
    'the redirect of a host holds for a path of another app': {
      apps: { '/site': { ...host, ...https }, '/api': path('/api') },
      are: { 'a.example/api': '/api + /site REDIRECT_TO_HTTPS' },
    },
    'networks of a host hold for a path of another app': {
      apps: { '/site': { ...host, ...networks }, '/api': path('/api') },
      are: { 'a.example/api': '/api + /site BACKEND_NETWORK_ALLOWED_ACL' },
    },
    'networks of a path are those of its service alone': {
      apps: { '/site': path('/x', networks), '/api': path('/x/y') },
      are: { 'a.example/x/y': '/api' },
    },
    'who has AUTH of its own is not asked for another': {
      apps: { '/site': { ...host, ...auth, ...networks }, '/api': path('/api', auth) },
      are: { 'a.example/api': '/api + /site BACKEND_NETWORK_ALLOWED_ACL' },
    },
    'who wants none of it says so': {
      apps: {
        '/site': { ...host, ...auth, ...https },
        '/api': path('/api', { HAPROXY_0_AUTH_SCOPE: 'service' }),
      },
      are: { 'a.example/api': '/api' },
    },
    'who keeps its AUTH to itself says so': {
      apps: { '/site': { ...host, ...auth, HAPROXY_0_AUTH_SCOPE: 'service' }, '/api': path('/api') },
      are: { 'a.example/api': '/api' },
    },
    'AUTH of a path holds below it, also where a longer path leads elsewhere': {
      apps: { '/admin': path('/admin', auth), '/users': path('/admin/users'), '/site': host },
      are: {
        'a.example/admin/users': '/users + /admin AUTH',
        'a.example/administration': '/admin',
        'a.example/': '/site',
      },
    },
    'AUTH of a path holds below it, also where a larger weight leads elsewhere': {
      apps: { '/admin': path('/admin', auth), '/all': { ...host, HAPROXY_0_BACKEND_WEIGHT: '5' } },
      are: { 'a.example/admin/x': '/all + /admin AUTH', 'a.example/x': '/all' },
    },
    'AUTH of an exact path is that of its service': {
      apps: { '/x': path('/x', { ...auth, HAPROXY_0_PATH_TYPE: 'exact' }), '/y': path('/x/y') },
      are: { 'a.example/x/y': '/y' },
    },
    'another host is not guarded, nor is a wildcard': {
      apps: {
        '/site': { ...host, ...auth },
        '/b': { HAPROXY_0_VHOST: 'b.example,a.example', HAPROXY_0_PATH: '/b' },
        '/wild': { HAPROXY_0_VHOST: '*.example', HAPROXY_0_PATH: '/wild' },
      },
      are: { 'b.example/b': '/b', 'a.example/b': '/b + /site AUTH', 'c.example/wild': '/wild' },
    },
    'a host is guarded where a wildcard with a larger weight gets its requests': {
      apps: {
        '/site': { ...host, ...auth, ...networks },
        '/wild': { HAPROXY_0_VHOST: '*.example', HAPROXY_0_PATH: '/wild' },
        '/late': { HAPROXY_0_VHOST: '*.example' },
      },
      are: {
        'a.example/wild': '/wild + /site AUTH + /site BACKEND_NETWORK_ALLOWED_ACL',
        'c.example/wild': '/wild',
        'c.example/': '/late',
        'a.b.example/wild': 'nobody',
      },
    },
    'a path is guarded where a wildcard with a larger weight gets its requests': {
      apps: {
        '/admin': path('/admin', auth),
        '/wild': { HAPROXY_0_VHOST: '*.example', HAPROXY_0_PATH: '/adm', HAPROXY_0_BACKEND_WEIGHT: '7' },
      },
      are: { 'a.example/admin/x': '/wild + /admin AUTH', 'a.example/adm': '/wild' },
    },
    'whole segments are guarded as a whole, where a larger weight leads elsewhere': {
      apps: {
        '/admin': path('/admin', { ...auth, HAPROXY_0_PATH_TYPE: 'prefix' }),
        '/all': { ...host, HAPROXY_0_BACKEND_WEIGHT: '5' },
        '/quick': path('-i /ADMIN', { HAPROXY_0_PATH_TYPE: 'exact', HAPROXY_0_BACKEND_WEIGHT: '9' }),
      },
      are: {
        'a.example/admin': '/quick + /admin AUTH',
        'a.example/admin/': '/all + /admin AUTH',
        'a.example/administration': '/all',
      },
    },
    'an exact path is guarded where a larger weight leads elsewhere': {
      apps: {
        '/x': path('/x', { ...auth, HAPROXY_0_PATH_TYPE: 'exact' }),
        '/all': { ...host, HAPROXY_0_BACKEND_WEIGHT: '5' },
      },
      are: { 'a.example/x': '/all + /x AUTH', 'a.example/x/y': '/all' },
    },
    'a service that another label keeps from serving guards its host': {
      apps: {
        '/site': { ...host, ...auth, HAPROXY_0_BALANCE: 'nonsense' },
        '/net': { HAPROXY_0_VHOST: 'n.example', ...networks, ...https, HAPROXY_0_MODE: 'nonsense' },
        '/api': path('/api'),
        '/napi': { HAPROXY_0_VHOST: 'n.example', HAPROXY_0_PATH: '/api' },
      },
      are: {
        'a.example/': 'nobody',
        'a.example/api': '/api + /site AUTH',
        'n.example/api': '/napi + /net BACKEND_NETWORK_ALLOWED_ACL + /net REDIRECT_TO_HTTPS',
      },
    },
    'what the policy forbids guards nothing, nor does another tenant’s mistake': {
      policy: '{ /t1: { vhosts: [a.example] }, /t2: { vhosts: [] }, /t3: { vhosts: [a.example] } }',
      apps: {
        '/t1/api': path('/api'),
        '/t2/site': { ...host, ...auth },
        '/t3/site': { ...host, ...auth, HAPROXY_0_BALANCE: 'nonsense' },
      },
      are: { 'a.example/api': '/t1/api' },
    },
    'a service too many guards for its own tenant': {
      policy: '{ /t1: { max-services: 1 } }',
      apps: { '/t1/api': path('/api'), '/t1/site': { ...host, ...auth }, '/t2/x': path('/x') },
      are: { 'a.example/api': '/t1/api + /t1/site AUTH', 'a.example/x': '/t2/x' },
    },
    'where the policy tells apps of one folder apart, they are tenants': {
      policy: '{ /t1: { vhosts: [a.example] }, /t2: { vhosts: [a.example] } }',
      apps: { '/t1': path('/api/x'), '/t2': path('/api', auth) },
      are: { 'a.example/api/x': '/t1' },
    },
    'a wildcard guards what others claim of the same wildcard': {
      apps: {
        '/site': { HAPROXY_0_VHOST: '*.w.example', ...auth },
        '/api': { HAPROXY_0_VHOST: '*.w.example', HAPROXY_0_PATH: '/api' },
        '/x': { HAPROXY_0_VHOST: 'x.w.example', HAPROXY_0_PATH: '/api' },
      },
      are: { 'y.w.example/api': '/api + /site AUTH', 'x.w.example/api': '/x' },
    },
    'whatever the case, where the label ignores it': {
      apps: { '/admin': path('-i /Admin', auth), '/users': path('/admin/users') },
      are: { 'a.example/admin/users': '/users + /admin AUTH' },
    },
    'where tenants are told apart, the one that has the host decides for all of it': {
      policy: '{ /t1: { ports: [1-65535] }, /t2: { ports: [1-65535] } }',
      apps: { '/t1/site': { ...host, ...auth }, '/t2/api': path('/api') },
      are: { 'a.example/api': '/t2/api + /t1/site AUTH' },
    },
    'where tenants are told apart, one that has not got the host guards nothing of another': {
      policy: '{ /t1: { ports: [1-65535] }, /t2: { ports: [1-65535] } }',
      apps: {
        '/t1/site': host,
        '/t1/api': path('/api'),
        '/t2/x': { ...host, ...auth, ...https, ...networks },
      },
      are: { 'a.example/': '/t1/site', 'a.example/api': '/t1/api' },
    },
    'where tenants are told apart, a path guards nothing of another': {
      policy: '{ /t1: { ports: [1-65535] }, /t2: { ports: [1-65535] } }',
      apps: { '/t1/api': path('/api'), '/t2/x': path('/', auth) },
      are: { 'a.example/api': '/t1/api' },
    },
    'where tenants are told apart, one tenant guards its own': {
      policy: '{ /t1: { ports: [1-65535] }, /t2: { ports: [1-65535] } }',
      apps: { '/t1/a/x': host, '/t1/b/y': { ...host, ...auth } },
      are: { 'a.example/': '/t1/a/x + /t1/b/y AUTH' },
    },
  };

describe('what guards a host', () => {
  test.each(Object.entries(cases))('%s', (_, { apps, policy, are }) => {
    const desired = desiredOf(apps, policy);
    for (const [request, expected] of Object.entries(are)) expect(answer(desired, request)).toBe(expected);
  });

  test('is told to the app that it holds for, with the way out', () => {
    const desired = desiredOf({ '/site': { ...host, ...auth, ...https }, '/api': path('/api') });
    expect(
      allDiagnostics(desired).map((it) => `${it.severity} ${it.code} ${describeDiagnostic(it)}`),
    ).toEqual([
      'notice HOST_GUARDED /api HAPROXY_0_VHOST: /site port 0 claims a.example, so its HAPROXY_0_AUTH and HAPROXY_0_REDIRECT_TO_HTTPS hold for this service there too; nothing, if that is meant, as in marathon-lb; else set HAPROXY_0_AUTH_SCOPE to service, or give the service its own',
    ]);
  });

  test('is explained with the request', () => {
    const desired = desiredOf({ '/site': { ...host, ...auth, ...https }, '/api': path('/api') });
    const ask = (what: string) => {
      const question = parseQuestion(what, desired);
      if (question === undefined) throw new Error(what);
      const context = { ownPorts: new Map(), httpPort: 80, httpsPort: 443, malformed: [] };
      return explain(desired, question, context);
    };
    const { answer: plain, hints, services } = ask('http://a.example/api');
    expect(plain).toBe('301 to https://a.example/api, by /site port 0');
    expect(hints).toEqual([
      'guarded by /site port 0, which claims the host: HAPROXY_0_AUTH, HAPROXY_0_REDIRECT_TO_HTTPS',
    ]);
    expect(services[0]?.guards).toEqual([
      {
        appId: '/site',
        portIndex: 0,
        places: ['a.example'],
        labels: ['HAPROXY_0_AUTH', 'HAPROXY_0_REDIRECT_TO_HTTPS'],
      },
    ]);
    expect(ask('https://a.example/api').answer).toBe('/api port 0 serves it, with 1 server');
  });

  test('keeps the definition the same object while nothing of it changes', () => {
    const desired = desiredOf({ '/site': { ...host, ...auth }, '/api': path('/api'), '/x': path('/x') });
    const other = rejected(desired, false, 'x_10003' as BackendName);
    const again = withRejected(withRejected(desired, other), new Map());
    const backend = 'api_10002' as BackendName;
    expect(again.services.get(backend)?.definition).toBe(desired.services.get(backend)?.definition);
  });
});

const site = 'site_10001' as BackendName;

function rejected(desired: ReturnType<typeof desiredOf>, served: boolean, backend = site) {
  const before = desired.services.get(backend)?.definition;
  if (before === undefined) throw new Error(`no ${backend}`);
  const diagnostic = {
    ...({ code: 'PORT_HELD', severity: 'error', appId: before.appId, portIndex: 0 } as const),
    ...{ reason: 'the port is taken', remedy: 'free it' },
  };
  return new Map([[backend, { diagnostic, ...(served ? { before } : {}) }]]);
}

describe('a service that is left out for now', () => {
  const desired = desiredOf({ '/site': { ...host, ...auth }, '/api': path('/api') });

  test('guards what it guarded, by a list of users of the guarded service', () => {
    const now = withRejected(desired, rejected(desired, true));
    expect(now.services.has(site)).toBe(false);
    expect(answer(now, 'a.example/api')).toBe('/api + /site AUTH');
    const api = now.services.get('api_10002' as BackendName);
    if (api === undefined) throw new Error('no api');
    const renderer = serviceRenderer(loadFragments(), { trustedProxies: [], logs: false });
    const text = String(renderer.render(api).text);
    expect(text).toContain("\nuserlist guard_0_api_10002\n  user alice password '$6$salt$hash/.'\n");
    expect(text).toContain(
      '  http-request auth realm realm if { var(txn.pacer_host) -m str a.example } !{ http_auth(guard_0_api_10002) }\n',
    );
  });

  test('guards by its labels alone where HAProxy never accepted it: its templates may be what is refused', () => {
    const users = { HAPROXY_0_USERLIST_HEAD: 'userlist user_{backend}\n  user eve insecure-password x' };
    const made = desiredOf({ '/site': { ...host, ...auth, ...users }, '/api': path('/api') });
    const now = withRejected(made, rejected(made, false));
    expect(answer(now, 'a.example/api')).toBe('/api + /site AUTH');
    const guard = now.services.get('api_10002' as BackendName)?.definition.guards?.[0];
    expect(guard?.away?.fragments).toBeUndefined();
  });

  test('guards by no password that HAProxy may refuse', () => {
    const odd = { HAPROXY_0_AUTH: 'realm:alice:$y$j9T$odd' };
    const made = desiredOf({ '/site': { ...host, ...odd, ...networks }, '/api': path('/api') });
    const now = withRejected(made, rejected(made, false));
    expect(answer(now, 'a.example/api')).toBe('/api + /site BACKEND_NETWORK_ALLOWED_ACL');
  });

  test('guards a host that a wildcard serves meanwhile', () => {
    const made = desiredOf({ '/site': { ...host, ...auth }, '/wild': { HAPROXY_0_VHOST: '*.example' } });
    expect(answer(withRejected(made, rejected(made, true)), 'a.example/x')).toBe('/wild + /site AUTH');
    expect(answer(made, 'b.example/x')).toBe('/wild');
    expect(made.services.get('wild_10002' as BackendName)?.definition.guards).toBeUndefined();
  });
});
