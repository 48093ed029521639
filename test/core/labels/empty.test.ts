/** marathon-lb's rule: a label without a value is not set, whichever label it is. */
import { expect, test } from 'vitest';
import { allDiagnostics, nextDesired, nothingDesired } from '../../../src/core/desired/desired.ts';
import { appLabels, portLabels } from '../../../src/core/labels/table.ts';
import { rejects } from '../../../src/core/model/diagnostic.ts';
import { anApp, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const own = { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'www.example.com', HAPROXY_0_PATH: '/api' };

const served = (labels: Readonly<Record<string, string>>) => {
  const app = anApp('/web', { labels, tasks: [aTask('/web', 1)] });
  const desired = nextDesired(nothingDesired, { changed: [app], removed: [] }, aContext());
  return { services: [...desired.services.values()], diagnostics: allDiagnostics(desired) };
};

const names = [
  ...Object.keys(appLabels).map((name) => `HAPROXY_${name}`),
  ...Object.keys(portLabels).map((name) => `HAPROXY_0_${name}`),
];

test.each(names.flatMap((name) => ['', ' ', '\n'].map((value) => [name, value] as const)))(
  '%s as %j is the same as no label',
  (name, value) => {
    const without = Object.fromEntries(Object.entries(own).filter(([label]) => label !== name));
    const empty = served({ ...own, [name]: value });
    expect(empty.services).toEqual(served(without).services);
    expect(empty.diagnostics.filter(rejects)).toEqual([]);
  },
);

test.each([
  'HAPROXY_0_AUTH',
  'HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL',
  'HAPROXY_0_ENABLED',
  'HAPROXY_0_GROUP',
])('the owner of an empty %s is told what it means', (label) => {
  expect(served({ ...own, [label]: '' }).diagnostics).toMatchObject([
    { code: 'LABEL_EMPTY', severity: 'warning', label },
  ]);
});

test('a list of networks without a network lets in nobody, rather than everybody', () => {
  expect(served({ ...own, HAPROXY_0_BACKEND_NETWORK_ALLOWED_ACL: ' , ' }).services).toEqual([]);
});
