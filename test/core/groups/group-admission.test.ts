/** A deployment group belongs to the apps that had it: whoever names it gets neither their requests nor past their protection. */
import { describe, expect, test } from 'vitest';
import type { Owners } from '../../../src/core/services/claims.ts';
import {
  allDiagnostics,
  nextDesired,
  nothingDesired,
  type Desired,
} from '../../../src/core/desired/desired.ts';
import { describeDiagnostic } from '../../../src/core/model/diagnostic.ts';
import type { BackendName } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { ownersOf } from '../../../src/core/desired/owners.ts';
import { parsePolicy } from '../../../src/settings/policy.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const tenants = `
/bank: { vhosts: [bank.example] }
/evil: { vhosts: ['*.evil.example'] }
`;

const contextOf = (policy: string, owners: Owners = new Map()) => {
  const parsed = parsePolicy(policy, 'policy.yaml');
  const context = aContext();
  return { ...context, owners: () => owners, templates: { ...context.templates, policy: () => parsed } };
};
const derive = (apps: readonly App[], policy: string, owners?: Owners) =>
  nextDesired(nothingDesired, { changed: apps, removed: [] }, contextOf(policy, owners));

const member = (
  id: string,
  n: number,
  labels: Record<string, string>,
  parts: Parameters<typeof anApp>[1] = {},
): App =>
  anApp(id, {
    ports: [aPort(10_000 + n)],
    tasks: [aTask(id, n)],
    labels: {
      HAPROXY_GROUP: 'external',
      HAPROXY_0_MODE: 'http',
      HAPROXY_DEPLOYMENT_GROUP: 'bank',
      ...labels,
    },
    ...parts,
  });

const auth = 'bank:teller:$6$hash';
const bank = member('/bank/web', 1, {
  HAPROXY_0_VHOST: 'bank.example',
  HAPROXY_0_AUTH: auth,
  HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '10.0.0.0/8',
  HAPROXY_DEPLOYMENT_STARTED_AT: '2026-01-01T10:00:00Z',
});
const evil = (labels: Record<string, string> = {}, parts: Parameters<typeof anApp>[1] = {}) =>
  member('/evil/web', 2, { HAPROXY_0_VHOST: 'x.evil.example', ...labels }, parts);

const serversOf = ({ services }: Desired) =>
  Object.fromEntries(
    [...services].map(([backend, { servers }]) => [backend, servers.map(({ address }) => address)]),
  );
const routesOf = ({ routes: { tables } }: Desired) =>
  tables.flatMap(({ entries }) => entries.map(({ key, backend }) => `${key} → ${backend}`));
const said = (desired: Desired) => allDiagnostics(desired).map(describeDiagnostic);

describe('an app of another tenant that names the group', () => {
  test.each<[string, App]>([
    ['says that it started later', evil({ HAPROXY_DEPLOYMENT_STARTED_AT: '2026-02-01T10:00:00Z' })],
    ['says that it started before', evil({ HAPROXY_DEPLOYMENT_STARTED_AT: '2020-01-01T10:00:00Z' })],
    ['says nothing of its start', evil()],
    ['has no instances', evil({}, { instances: 0, tasks: [] })],
    ['names the port of the group as its alternative one', evil({ HAPROXY_DEPLOYMENT_ALT_PORT: '10001' })],
    ['asks for the port of the group', evil({ HAPROXY_0_PORT: '10001' })],
    ['wants the group in addition to a mistake', evil({ HAPROXY_0_BALANCE: 'nonsense' })],
    [
      'wants to keep tasks of both',
      evil({ HAPROXY_DEPLOYMENT_NEW_INSTANCES: '1', HAPROXY_DEPLOYMENT_TARGET_INSTANCES: '1' }),
    ],
  ])('and %s gets nothing of it, and is told so', (_, app) => {
    const desired = derive([app, bank], tenants);
    const service = desired.services.get('bank_10001' as BackendName)!;
    expect(service.servers).toMatchObject([{ address: '10.0.0.1', admin: 'ready' }]);
    expect(service.definition).toMatchObject({ appId: '/bank/web', listens: true, vhosts: ['bank.example'] });
    expect(service.definition.auth).toMatchObject({ user: 'teller' });
    expect(routesOf(desired)).toContain('bank.example → bank_10001');
    expect(
      Object.entries(serversOf(desired)).filter(([, addresses]) => addresses.includes('10.0.0.1')),
    ).toHaveLength(1);
    expect(said(desired)).toContain(
      '/evil/web HAPROXY_DEPLOYMENT_GROUP: the deployment group /bank belongs to /bank/web, which is in another folder, so the app serves on its own; choose a group of your own, or ask the operator to allow it with "groups: [/bank]" in the policy',
    );
  });

  test('serves on its own all the same, under its own id', () => {
    expect(serversOf(derive([evil(), bank], tenants))).toEqual({
      bank_10001: ['10.0.0.1'],
      evil_web_10002: ['10.0.0.2'],
    });
  });

  test('and has the group already, keeps it: the other one is not lost', () => {
    const context = contextOf(tenants);
    const first = nextDesired(nothingDesired, { changed: [evil()], removed: [] }, context);
    const both = nextDesired(first, { changed: [bank], removed: [] }, contextOf(tenants, ownersOf(first)));
    expect(serversOf(both)).toEqual({ bank_10002: ['10.0.0.2'], bank_web_10001: ['10.0.0.1'] });
    expect(routesOf(both)).toContain('bank.example → bank_web_10001');
  });

  test('is in it when the policy names the group for both and allows both what either claims', () => {
    const names = '/bank: { groups: [bank] }\n/evil: { groups: [/bank] }\n';
    expect(Object.keys(serversOf(derive([evil(), bank], names)))).toEqual(['bank_10002']);
    const oneSided = '/bank: { vhosts: [bank.example] }\n/evil: { groups: [/bank] }\n';
    expect(Object.keys(serversOf(derive([evil(), bank], oneSided)))).toEqual([
      'bank_10001',
      'evil_web_10002',
    ]);
    const closed =
      "/bank: { vhosts: [bank.example], groups: [bank] }\n/evil: { groups: [bank], vhosts: ['*.evil.example'] }\n";
    expect(said(derive([evil(), bank], closed))[0]).toContain(
      'and the policy does not allow both apps bank.example',
    );
  });

  test('has no say while it is refused, and joins when the owner is gone', () => {
    const context = contextOf(tenants);
    const both = nextDesired(nothingDesired, { changed: [bank, evil()], removed: [] }, context);
    const alone = nextDesired(both, { changed: [], removed: [bank.id] }, context);
    expect(serversOf(alone)).toEqual({ bank_10002: ['10.0.0.2'] });
    expect(said(alone)).toEqual([]);
  });
});

test('a group that has the name of another tenant’s app is closed by that app', () => {
  const victim = anApp('/bank', {
    tasks: [aTask('/bank', 1)],
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'bank.example' },
  });
  const context = contextOf(tenants);
  const first = nextDesired(
    nothingDesired,
    { changed: [evil({ HAPROXY_0_PORT: '10001' })], removed: [] },
    context,
  );
  expect(Object.keys(serversOf(first))).toEqual(['bank_10001']);
  const both = nextDesired(first, { changed: [victim], removed: [] }, context);
  expect(serversOf(both)).toMatchObject({ bank_10001: ['10.0.0.1'] });
  expect(routesOf(both)).toContain('bank.example → bank_10001');
  expect(both.routes.appIds).toContainEqual({ key: '/bank', backend: 'bank_10001' });
});

describe('apps of one folder share a group', () => {
  const blue = (labels: Record<string, string>, n = 1) =>
    member('/bank/blue', n, {
      HAPROXY_0_PORT: '10001',
      HAPROXY_DEPLOYMENT_STARTED_AT: '2026-01-01',
      ...labels,
    });
  const green = (labels: Record<string, string>) =>
    member('/bank/green', 2, {
      HAPROXY_0_PORT: '10001',
      HAPROXY_DEPLOYMENT_STARTED_AT: '2026-02-01',
      ...labels,
    });
  const definition = (...apps: App[]) =>
    derive(apps, '').services.get('bank_10001' as BackendName)!.definition;

  test.each<[string, Record<string, string>, Record<string, string>, object]>([
    ['user and password of the newer', {}, { HAPROXY_0_AUTH: auth }, { auth: { user: 'teller' } }],
    ['user and password of the older', { HAPROXY_0_AUTH: auth }, {}, { auth: { user: 'teller' } }],
    [
      'the networks that both allow',
      { HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '10.0.0.0/8 192.168.0.0/16' },
      { HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '10.1.0.0/16 2001:db8::/32' },
      { allowedNetworks: ['10.1.0.0/16'] },
    ],
    [
      'the client certificates of the newer, with its authorities',
      { HAPROXY_0_SSL_CERT: '/etc/ssl/a.pem' },
      {
        HAPROXY_0_SSL_CERT: '/etc/ssl/b.pem',
        HAPROXY_0_BIND_OPTIONS: 'ca-file /etc/ssl/ca.pem verify required',
      },
      {
        certificate: '/etc/ssl/b.pem',
        bindOptions: { words: ['ca-file', '/etc/ssl/ca.pem', 'verify', 'required'] },
      },
    ],
  ])('with %s', (_, first, second, expected) => {
    expect(definition(blue(first), green(second))).toMatchObject({ appId: '/bank/blue', ...expected });
  });

  test('and the first one’s password, where both ask for one', () => {
    const other = { HAPROXY_0_AUTH: 'bank:thief:$6$other' };
    const owners = ownersOf(derive([green({ HAPROXY_0_AUTH: auth })], ''));
    const desired = derive([blue(other), green({ HAPROXY_0_AUTH: auth })], '', owners);
    expect([...desired.services.values()][0]!.definition.auth).toMatchObject({ user: 'teller' });
  });

  test('and no task of one whose networks have nothing in common with the other’s', () => {
    const desired = derive(
      [
        blue({ HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '10.0.0.0/8' }),
        green({ HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '192.168.0.0/16' }),
      ],
      '',
    );
    expect(serversOf(desired)).toEqual({ bank_10001: ['10.0.0.1'] });
    expect(said(desired)[0]).toContain(
      '/bank/green HAPROXY_DEPLOYMENT_GROUP: /bank/blue of the deployment group /bank is protected in another way',
    );
  });

  test('and no port of one that its own labels do not expose', () => {
    const hidden = green({ HAPROXY_0_ENABLED: 'false' });
    expect(serversOf(derive([blue({}), hidden], ''))).toEqual({ bank_10001: ['10.0.0.1'] });
  });

  test('and the same definition while nothing of it changes', () => {
    const context = contextOf('');
    const pair = [blue({}), green({ HAPROXY_0_AUTH: auth })];
    const before = nextDesired(nothingDesired, { changed: pair, removed: [] }, context);
    const more = { ...pair[0]!, tasks: [...pair[0]!.tasks, aTask('/bank/blue', 7)] };
    const after = nextDesired(before, { changed: [more], removed: [] }, context);
    const of = (desired: Desired) => desired.services.get('bank_10001' as BackendName)!;
    expect(of(after).definition).toBe(of(before).definition);
    expect(after.conflicts).toBe(before.conflicts);
    expect(after.routes).toBe(before.routes);
  });
});
