/** What its owner takes away from a service is gone, also while something else is wrong with the new version. */
import { describe, expect, test } from 'vitest';
import {
  allDiagnostics,
  nextDesired,
  nothingDesired,
  type Desired,
} from '../../../src/core/desired/desired.ts';
import { anApp, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const context = aContext();
const wrong = { HAPROXY_0_BALANCE: 'sideways' };

const app = (labels: Readonly<Record<string, string>>) =>
  anApp('/web', { labels: { HAPROXY_GROUP: 'external', ...labels }, tasks: [aTask('/web', 1)] });
const step = (state: Desired, labels: Readonly<Record<string, string>>) =>
  nextDesired(state, { changed: [app(labels)], removed: [] }, context);
const shown = ({ services }: Desired) =>
  [...services.values()].map(
    ({ definition: { vhosts, path, listens, balance } }) =>
      `${vhosts.join(',')}${path?.paths.join(' ') ?? ''} ${listens ? 'listens' : 'closed'} ${balance.words.join(' ')}`,
  );

const before = {
  HAPROXY_0_VHOST: 'a.example.com,b.example.com',
  HAPROXY_0_PATH: '/api',
  HAPROXY_0_BALANCE: 'leastconn',
};
const first = step(nothingDesired, before);

describe('beside a label that is wrong', () => {
  test.each([
    ['a host that is emptied', { ...before, HAPROXY_0_VHOST: '' }, ' listens leastconn'],
    ['a host whose label is dropped', { HAPROXY_0_PATH: '/api' }, ' listens leastconn'],
    [
      'one host of several',
      { ...before, HAPROXY_0_VHOST: 'b.example.com' },
      'b.example.com/api listens leastconn',
    ],
    [
      'a listener that is closed',
      { ...before, HAPROXY_0_FRONTEND_HEAD: '' },
      'a.example.com,b.example.com/api closed leastconn',
    ],
  ])('%s is gone', (_, labels, expected) => {
    const kept = step(first, { ...labels, ...wrong });
    expect(shown(kept)).toEqual([expected]);
    expect(allDiagnostics(kept).map(({ code }) => code)).toContain('SERVICE_KEPT');
  });

  test('a password and a list of networks count at once', () => {
    const auth = { HAPROXY_0_AUTH: 'realm:user:$6$salt$hash' };
    const networks = { HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: '10.0.0.0/8' };
    const kept = step(first, { ...before, ...auth, ...networks, ...wrong });
    const [service] = kept.services.values();
    expect(service?.definition).toMatchObject({
      ...{ auth: { realm: 'realm', user: 'user' }, allowedNetworks: ['10.0.0.0/8'] },
      balance: { words: ['leastconn'] },
    });
    // The next version is wrong too, and says nothing of them: what served before serves on.
    const again = step(kept, { ...before, ...wrong });
    expect([...again.services.values()][0]?.definition.auth).toBeUndefined();
  });

  test.each([
    ['a host that another one replaces', { ...before, HAPROXY_0_VHOST: 'c.example.com' }],
    ['a host that cannot be read', { ...before, HAPROXY_0_VHOST: 'a b' }],
    ['an emptied setting', { ...before, HAPROXY_0_PATH: '', HAPROXY_0_STICKY: '' }],
  ])('%s serves on as before', (_, labels) => {
    expect(shown(step(first, { ...labels, ...wrong }))).toEqual([
      'a.example.com,b.example.com/api listens leastconn',
    ]);
  });

  test('a port that is hidden is not kept', () => {
    expect(shown(step(first, { ...before, ...wrong, HAPROXY_0_ENABLED: 'false' }))).toEqual([]);
    expect(shown(step(first, { ...before, ...wrong, HAPROXY_GROUP: '' }))).toEqual([]);
  });

  test('what is kept stays the same object, and all of the last good version returns with its hosts', () => {
    const labels = { ...before, HAPROXY_0_VHOST: '', ...wrong };
    const kept = step(first, labels);
    const again = step(kept, { ...labels, HAPROXY_0_STICKY: 'true' });
    expect(again.services.get('web_10001' as never)?.definition).toBe(
      kept.services.get('web_10001' as never)?.definition,
    );
    expect(shown(step(again, { ...before, ...wrong }))).toEqual(shown(first));
  });
});

describe('alone', () => {
  test.each([
    [{ HAPROXY_0_VHOST: '' }, ' listens roundrobin'],
    [{ ...before, HAPROXY_0_PATH: '' }, 'a.example.com,b.example.com listens leastconn'],
    [{ ...before, HAPROXY_0_BALANCE: '' }, 'a.example.com,b.example.com/api listens roundrobin'],
  ])('a label that is emptied is gone: %j', (labels, expected) => {
    const after = step(first, labels);
    expect(shown(after)).toEqual([expected]);
    expect(allDiagnostics(after).map(({ code }) => code)).not.toContain('SERVICE_KEPT');
  });
});

describe('a deployment group', () => {
  const grouped = { HAPROXY_DEPLOYMENT_GROUP: 'shop', HAPROXY_DEPLOYMENT_STARTED_AT: '2026-01-01' };
  const names = ({ services }: Desired) => [...services.keys()];

  test('that is emptied is left, whatever else of the deploy cannot be read', () => {
    const member = step(nothingDesired, grouped);
    expect(names(member)).toEqual(['shop_10001']);
    expect(
      names(step(member, { HAPROXY_DEPLOYMENT_GROUP: '', HAPROXY_DEPLOYMENT_STARTED_AT: 'soon' })),
    ).toEqual(['web_10001']);
  });

  test('that is named is kept while another label of the deploy cannot be read', () => {
    const member = step(nothingDesired, grouped);
    expect(names(step(member, { ...grouped, HAPROXY_DEPLOYMENT_STARTED_AT: 'soon' }))).toEqual([
      'shop_10001',
    ]);
  });
});
