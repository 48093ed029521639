/** A service that is left out, and the guards of its host that others have from it. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nextDesired, nothingDesired, withRejected } from '../../../src/core/desired/desired.ts';
import type { BackendName } from '../../../src/core/model/ids.ts';
import { factsOf, noFacts } from '../../../src/daemon/rejected/facts.ts';
import { createRejections } from '../../../src/daemon/rejected/rejections.ts';
import { openVerdicts } from '../../../src/daemon/rejected/verdicts.ts';
import { loadFragments } from '../../../src/render/fragments.ts';
import { serviceRenderer } from '../../../src/render/service.ts';
import { anApp, aPort } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';
import { temporaryFolder } from '../../support/haproxy.ts';

const site = 'site_10001' as BackendName;
const api = 'api_10002' as BackendName;
const { sample } = serviceRenderer(loadFragments(), { trustedProxies: [], logs: false });

const stateOf = (auth: Record<string, string>) =>
  nextDesired(
    nothingDesired,
    {
      changed: [
        anApp('/site', {
          labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'a.example', ...auth },
          ports: [aPort(10_001)],
        }),
        anApp('/api', {
          labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'a.example', HAPROXY_0_PATH: '/api' },
          ports: [aPort(10_002)],
        }),
      ],
      removed: [],
    },
    aContext(),
  );
const guarded = stateOf({ HAPROXY_0_AUTH: 'realm:alice:$6$salt$hash/.' });
const against = { facts: noFacts, waiting: [], complaint: '' };
const facts = factsOf([
  {
    diagnostic: {
      ...({ code: 'PORT_HELD', severity: 'error', appId: '/site' as never, portIndex: 0 } as const),
      ...{ reason: 'the port is taken', remedy: 'free it' },
    },
  },
]);

async function rejectionsOf(last: ReturnType<typeof stateOf> | undefined) {
  const file = join(temporaryFolder(), 'verdicts.json');
  const verdicts = await openVerdicts({ file, haproxyVersion: '2.6', warn: () => undefined });
  const of = (id: string) =>
    [...(last?.services.values() ?? [])].find(({ definition }) => definition.appId === id)?.definition;
  return createRejections({ verdicts, lastGood: { of }, sample });
}

const realmOf = (desired: ReturnType<typeof stateOf>) =>
  (desired.services.get(api)?.definition.guards ?? []).map(({ realm }) => realm);

test('what served stays a guard of its host while its port is taken', async () => {
  const rejections = await rejectionsOf(guarded);
  const now = withRejected(guarded, rejections.of(guarded, { ...against, facts }));
  expect(now.services.has(site)).toBe(false);
  expect(realmOf(now)).toEqual(['realm']);
});

test('what never served guards its host all the same while its port is taken', async () => {
  const rejections = await rejectionsOf(undefined);
  expect(realmOf(withRejected(guarded, rejections.of(guarded, { ...against, facts })))).toEqual(['realm']);
});

test('a password that HAProxy may refuse costs its own service, and no other of the host', async () => {
  const rejections = await rejectionsOf(undefined);
  const asked = stateOf({ HAPROXY_0_AUTH: 'realm:alice:$y$j9T$salt$hash/.' });
  const culprit = asked.services.get(site)?.definition;
  if (culprit === undefined) throw new Error('no site');
  await rejections.reject(culprit, 'the encrypted password is not supported', true);
  const now = withRejected(asked, rejections.of(asked, against));
  expect([...now.services.keys()]).toEqual([api]);
  expect(realmOf(now)).toEqual([]);
});

test('a guarded service that HAProxy refuses is found again by what its own labels say', async () => {
  const rejections = await rejectionsOf(undefined);
  const culprit = guarded.services.get(api)?.definition;
  if (culprit === undefined) throw new Error('no api');
  await rejections.reject(culprit, 'refused', true);
  expect([...rejections.of(guarded, against).keys()]).toEqual([api]);
});

test('a guard of another app does not make a service a new one', async () => {
  const rejections = await rejectionsOf(guarded);
  const open = withRejected(guarded, rejections.of(guarded, { ...against, facts }));
  expect(rejections.freshIn(open)).toEqual([]);
});
