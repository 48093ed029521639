/** Who served what is known again after a restart; a file that cannot be used costs the memory, never the start. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nextDesired, nothingDesired } from '../../../src/core/desired/desired.ts';
import { openOwners } from '../../../src/daemon/rejected/owners.ts';
import { anApp } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';
import { temporaryFolder } from '../../support/haproxy.ts';

const labels = { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'x.example' };
const grouped = { ...labels, HAPROXY_DEPLOYMENT_GROUP: 'web' };
const stateOf = (...apps: ReturnType<typeof anApp>[]) =>
  nextDesired(nothingDesired, { changed: apps, removed: [] }, aContext());

async function open(file: string) {
  const warnings: string[] = [];
  const owners = await openOwners({ file, warn: (message) => warnings.push(message) });
  return { owners, warnings };
}

test('owners of every claim that is served are remembered, with the apps of a group in their order', async () => {
  const file = join(temporaryFolder(), 'owners.jsonl');
  const first = await open(file);
  first.owners.serves(
    stateOf(
      anApp('/web-green', { labels: grouped, configuredAt: 2 }),
      anApp('/web-blue', { labels: grouped, configuredAt: 1 }),
    ),
  );
  await first.owners.close();
  const { owners, warnings } = await open(file);
  expect(warnings).toEqual([]);
  expect([...owners.current()]).toEqual([...first.owners.current()]);
  expect([...(owners.current().get('group /web') ?? [])]).toEqual(['/web-blue', '/web-green']);
  expect([...owners.current().keys()].sort()).toEqual([
    'backend web_10001',
    'group /web',
    'id /web',
    'port 10001 *',
    'route 0 host x.example',
  ]);
});

test('owners of what nobody serves any more are forgotten, and the same state is not written again', async () => {
  const { owners } = await open(join(temporaryFolder(), 'owners.jsonl'));
  const state = stateOf(anApp('/a', { labels }));
  owners.serves(state);
  const known = owners.current();
  owners.serves(stateOf(anApp('/a', { labels })));
  expect(owners.current()).toBe(known);
  owners.serves(nothingDesired);
  expect([...owners.current()]).toEqual([]);
  await owners.close();
});

test.each([
  ['a line that is no claim', (text: string) => text.replace('"claims"', '"claim"')],
  ['a file that is cut short', (text: string) => text.slice(0, -10)],
])('damaged owners (%s) are reported, and the start continues', async (_, spoil) => {
  const file = join(temporaryFolder(), 'owners.jsonl');
  const { owners } = await open(file);
  owners.serves(stateOf(anApp('/a', { labels })));
  await owners.close();
  await writeFile(file, spoil(await readFile(file, 'utf8')));
  const again = await open(file);
  expect([...again.owners.current()]).toEqual([]);
  expect(again.warnings.join()).toContain('the owners of hosts, ports and groups');
});
