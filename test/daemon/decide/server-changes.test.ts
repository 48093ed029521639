/** The servers of apps that changed, as objects: what stays the same must stay identical. */
import { expect, test } from 'vitest';
import { serverChanges } from '../../../src/daemon/decide/server-changes.ts';
import { after, appliedOf, quiet, web } from '../pipeline/situation.ts';

const changes = (desired: typeof quiet) =>
  serverChanges({
    ...{ applied: appliedOf(quiet), desired, pending: new Set([web().id]), underived: new Set() },
    listed: () => new Set(),
  });

test('a service whose definition is unchanged is brought to HAProxy as the model has it', () => {
  const desired = after(quiet, web([1]));
  const [service] = changes(desired).services;
  expect(service).toBe([...desired.services.values()][0]);
});

test('a service whose definition changed keeps the definition HAProxy has until the reload', () => {
  const desired = after(
    quiet,
    web([1], { labels: { HAPROXY_GROUP: 'external', HAPROXY_0_BALANCE: 'leastconn' } }),
  );
  const [service] = changes(desired).services;
  expect(service!.definition).toBe([...quiet.services.values()][0]!.definition);
  expect(service!.servers).toEqual([...desired.services.values()][0]!.servers);
});
