/** What a policy forbids is rejected alone, says what is allowed instead, and nobody else notices. */
import { describe, expect, test } from 'vitest';
import { allDiagnostics, nextDesired, nothingDesired } from '../../../src/core/desired/desired.ts';
import { describeDiagnostic } from '../../../src/core/model/diagnostic.ts';
import type { App } from '../../../src/core/model/model.ts';
import { parsePolicy } from '../../../src/settings/policy.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

function contextOf(text: string) {
  const policy = parsePolicy(text, 'policy.yaml');
  const context = aContext();
  return { ...context, templates: { ...context.templates, policy: () => policy } };
}

function derive(policy: string, ...apps: App[]) {
  const desired = nextDesired(nothingDesired, { changed: apps, removed: [] }, contextOf(policy));
  return {
    services: [...desired.services.values()].map(({ definition }) => definition.appId),
    servers: [...desired.services.values()].map(({ servers }) => servers.map(({ name }) => name)),
    said: allDiagnostics(desired).map(describeDiagnostic),
  };
}

const labelled = (id: string, labels: Record<string, string>, parts: Parameters<typeof anApp>[1] = {}) =>
  anApp(id, { labels: { HAPROXY_GROUP: 'external', ...labels }, ...parts });

describe('one key of a policy, and an app that breaks it', () => {
  test.each<[string, string, Record<string, string>, string]>([
    [
      'a host',
      "/: { vhosts: ['*.shop.example', shop.example] }",
      { HAPROXY_0_VHOST: 'bank.example' },
      '/web HAPROXY_0_VHOST: the policy for / does not allow bank.example; use what it allows (*.shop.example, shop.example), or ask the operator',
    ],
    [
      'a wildcard wider than what is allowed',
      "/: { vhosts: ['*.shop.example'] }",
      { HAPROXY_0_VHOST: '*.example' },
      '/web HAPROXY_0_VHOST: the policy for / does not allow *.example; use what it allows (*.shop.example), or ask the operator',
    ],
    [
      'the parent of a wildcard',
      "/: { vhosts: ['*.shop.example'] }",
      { HAPROXY_0_VHOST: 'shop.example,a.shop.example' },
      '/web HAPROXY_0_VHOST: the policy for / does not allow shop.example; use what it allows (*.shop.example), or ask the operator',
    ],
    [
      'a port',
      '/: { ports: [80, 20000-20999] }',
      {},
      '/web HAPROXY_0_PORT: the policy for / does not allow 10001; use what it allows (80, 20000-20999), or ask the operator',
    ],
    [
      'a mode',
      '/: { modes: [http] }',
      { HAPROXY_0_MODE: 'tcp' },
      '/web HAPROXY_0_MODE: the policy for / does not allow tcp; use what it allows (http), or ask the operator',
    ],
    [
      'a certificate',
      '/: { certificates: [/etc/ssl/shop] }',
      { HAPROXY_0_SSL_CERT: '/etc/ssl/shopping.pem' },
      '/web HAPROXY_0_SSL_CERT: the policy for / does not allow /etc/ssl/shopping.pem; use what it allows (/etc/ssl/shop), or ask the operator',
    ],
    [
      'a file of bind options',
      '/: { certificates: [] }',
      { HAPROXY_0_BIND_OPTIONS: 'ssl crt /etc/ssl/a.pem' },
      '/web HAPROXY_0_BIND_OPTIONS: the policy for / does not allow /etc/ssl/a.pem; it allows no certificates; ask the operator',
    ],
    [
      'a template',
      '/: { label-templates: off }',
      { HAPROXY_0_BACKEND_HEAD: 'backend {backend}\n  mode http\n' },
      '/web HAPROXY_0_BACKEND_HEAD: templates in labels are not allowed by the policy for /; drop the label, or ask the operator for a template',
    ],
    [
      'a template that could claim any host',
      '/: { vhosts: [shop.example] }',
      { HAPROXY_0_VHOST: 'shop.example', HAPROXY_0_HTTP_FRONTEND_ACL: '  acl a hdr(host) -i bank.example\n' },
      '/web HAPROXY_0_HTTP_FRONTEND_ACL: the policy for / says which hosts are allowed, and a template for all could claim any; drop the label and name hosts with HAPROXY_0_VHOST',
    ],
  ])('%s', (_, policy, labels, message) => {
    const { services, said } = derive(
      policy,
      labelled('/web', labels),
      anApp('/free', {
        ports: [aPort(20001)],
        labels: { HAPROXY_GROUP: 'external', HAPROXY_0_MODE: 'http' },
      }),
    );
    expect(said).toEqual([message]);
    expect(services).toEqual(['/free']);
  });
});

test('what is allowed is served without a word', () => {
  const policy = `
/: { vhosts: [], modes: [tcp], label-templates: off }
/shop: { vhosts: ['*.shop.example', shop.example], modes: [http], ports: [10000-10100], certificates: [/etc/ssl/shop] }
`;
  const labels = {
    HAPROXY_0_VHOST: 'shop.example,*.shop.example,very.deep.shop.example',
    HAPROXY_0_SSL_CERT: '/etc/ssl/shop/a.pem',
  };
  expect(derive(policy, labelled('/shop/web', labels))).toMatchObject({ services: ['/shop/web'], said: [] });
});

test('each key counts from the longest prefix that says it, by whole segments', () => {
  const policy = `
/: { modes: [http] }
/shop: { vhosts: [shop.example] }
/shop/tcp: { modes: [tcp] }
`;
  const host = (id: string, port: number, name: string) =>
    labelled(id, { HAPROXY_0_VHOST: name }, { ports: [aPort(port)] });
  const { services } = derive(
    policy,
    host('/shop', 10001, 'shop.example'),
    host('/shop/web', 10002, 'other.example'),
    host('/shopping', 10003, 'other.example'),
    labelled('/shop/tcp/db', {}, { ports: [aPort(10004)] }),
    labelled('/db', {}, { ports: [aPort(10005)] }),
  );
  expect(services).toEqual(['/shop', '/shop/tcp/db', '/shopping']);
});

test('of too many services of one age the first by app id and port serve; every prefix that says a limit counts', () => {
  const policy = '/: { max-services: 3 }\n/a: { max-services: 1 }';
  const two = { ports: [aPort(10001), aPort(10002)] };
  const { services, said } = derive(
    policy,
    anApp('/a/x', two),
    anApp('/b', { ports: [aPort(10003), aPort(10004), aPort(10005)] }),
  );
  expect(services).toEqual(['/a/x', '/b', '/b']);
  expect(said).toEqual([
    '/a/x port 1: the policy for /a allows 1 service, and others were first; set HAPROXY_<n>_ENABLED to false where a service is not needed, or ask the operator for more',
    '/b port 2: the policy for / allows 3 services, and others were first; set HAPROXY_<n>_ENABLED to false where a service is not needed, or ask the operator for more',
  ]);
});

test('of too many tasks those on their way out get no traffic first, and the service warns', () => {
  const tasks = [aTask('/web', 1, { leaving: true }), aTask('/web', 2), aTask('/web', 3)];
  const { servers, said } = derive('/: { max-servers: 2 }', anApp('/web', { tasks }));
  expect(servers).toEqual([['10_0_0_2_31002', '10_0_0_3_31003']]);
  expect(said).toEqual([
    '/web port 0: there are more tasks than the 2 servers that the policy for / allows, so some get no traffic; run fewer instances, or ask the operator for more',
  ]);
});

test('what a new policy forbids ends, though it served before; what changed to be forbidden serves on as it was', () => {
  const app = labelled('/web', { HAPROXY_0_VHOST: 'shop.example' });
  const free = nextDesired(nothingDesired, { changed: [app], removed: [] }, contextOf(''));
  const strict = contextOf('/: { vhosts: [bank.example] }');
  expect([...nextDesired(free, { changed: [app], removed: [] }, strict).services]).toEqual([]);

  const shop = contextOf('/: { vhosts: [shop.example] }');
  const before = nextDesired(nothingDesired, { changed: [app], removed: [] }, shop);
  const greedy = labelled('/web', { HAPROXY_0_VHOST: 'bank.example' });
  const after = nextDesired(before, { changed: [greedy], removed: [] }, shop);
  expect([...after.services.values()].map(({ definition }) => definition.vhosts)).toEqual([['shop.example']]);
  expect(allDiagnostics(after).map(({ code }) => code)).toEqual(['POLICY_FORBIDS', 'SERVICE_KEPT']);
});

test.each([
  ['no templates at all', '/: { label-templates: off }'],
  ['no templates that say hosts', '/: { vhosts: [shop.example] }'],
])('a template that served before ends with a policy that allows %s', (_, text) => {
  const app = labelled('/web', {
    HAPROXY_0_VHOST: 'shop.example',
    HAPROXY_0_HTTP_FRONTEND_ACL: '  use_backend {backend} if {{ hdr(X-Mine) -m found }}\n',
  });
  const free = nextDesired(nothingDesired, { changed: [app], removed: [] }, contextOf(''));
  expect(free.services.size).toBe(1);
  const next = nextDesired(free, { changed: [app], removed: [] }, contextOf(text));
  expect([...next.services]).toEqual([]);
  expect(allDiagnostics(next).map(({ code }) => code)).toEqual(['TEMPLATE_INVALID']);
});

test.each([
  ['shop: {}', '"shop" is not a prefix of app ids'],
  ['/shop: { vhost: [a.example] }', '/shop: vhost is not a key of a policy, did you mean vhosts?'],
  ['/shop: { ports: [0] }', '/shop: ports.0: expected ports like 8080 or 10000-10999'],
  ['/shop: { ports: [9-8] }', '/shop: ports.0: expected ports like 8080 or 10000-10999'],
  [
    '/shop: { vhosts: ["a b"] }',
    '/shop: vhosts.0: expected hosts like shop.example.com, *.shop.example.com or *',
  ],
  ['/shop: { label-templates: some }', '/shop: label-templates: expected off, own-section or trusted'],
  ['/shop: { certificates: [ssl] }', '/shop: certificates.0: expected an absolute path without ..'],
  ['- /shop', 'it is not a mapping of prefixes'],
])('the policy %s is refused: %s', (text, message) => {
  expect(() => parsePolicy(text, 'policy.yaml')).toThrow(`--policy policy.yaml: ${message}`);
});
