import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { asAppId } from '../../../src/core/model/ids.ts';
import { dnsServers } from '../../../src/daemon/hosts/ask-dns.ts';
import { storedHosts } from '../../../src/daemon/hosts/store.ts';
import { systemNames, type NameSource } from '../../../src/daemon/hosts/system.ts';
import { hostTable, type HostTableOptions } from '../../../src/daemon/hosts/table.ts';
import { unresolvedMessage } from '../../../src/daemon/hosts/unresolved.ts';
import { startDns } from '../../support/dns.ts';

const user = (id: string, ...hosts: string[]) => ({
  id: asAppId(id),
  tasks: hosts.map((host) => ({ host })),
});
const nobody: NameSource = {
  inFile: () => undefined,
  refresh: () => Promise.resolve(true),
  ask: () => Promise.reject(new Error('away')),
};
const answering = (ask: (host: string) => string | undefined): NameSource => ({
  ...nobody,
  ask: (host) => {
    const address = ask(host);
    return address === undefined
      ? Promise.reject(new Error('away'))
      : Promise.resolve({ address, ttlMs: 60_000 });
  },
});
/** Short enough that a test sees several rounds. */
const hasty = { tick: 5, leastTtl: 5, mostTtl: 5, firstRetry: 5, lastRetry: 10, patience: 50, save: 5 };

function aTable(options: Partial<HostTableOptions>) {
  const changes: string[] = [];
  const table = hostTable({
    onChange: (host, apps) => changes.push(`${host} ${table.resolve(host)} ${apps.join(' ')}`),
    times: hasty,
    names: nobody,
    ...options,
  });
  onTestFinished(() => table.close());
  return Object.assign(table, { changes });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(2);
}

describe('the host table', () => {
  test('looks a name up once, however many tasks are there, and never an address', async () => {
    const asked: string[] = [];
    const table = aTable({
      times: { ...hasty, leastTtl: 60_000, mostTtl: 60_000 },
      names: answering((host) => (asked.push(host), '192.0.2.1')),
    });
    table.track({
      changed: [user('/a', 'agent1', 'agent1', '10.0.0.1', ''), user('/b', 'agent1')],
      removed: [],
    });
    await table.settled(5000);
    expect([table.resolve('agent1'), asked]).toEqual(['192.0.2.1', ['agent1']]);
    expect(table.changes).toEqual(['agent1 192.0.2.1 /a /b']);
  });

  test('reports the apps with tasks on an agent whose address changed, and no others', async () => {
    let address = '192.0.2.1';
    const table = aTable({ names: answering((host) => (host === 'agent1' ? address : '192.0.2.9')) });
    table.track({ changed: [user('/a', 'agent1'), user('/b', 'agent2'), user('/c', 'agent1')], removed: [] });
    await table.settled(5000);
    table.track({ changed: [user('/c', 'agent2')], removed: [] });
    table.changes.length = 0;
    address = '192.0.2.2';
    await until(() => table.changes.length > 0);
    expect(table.changes).toEqual(['agent1 192.0.2.2 /a']);
  });

  test('keeps the last answer while the resolver does not answer', async () => {
    let asked = 0;
    const table = aTable({ names: answering(() => ((asked += 1) === 1 ? '192.0.2.1' : undefined)) });
    table.track({ changed: [user('/a', 'agent1')], removed: [] });
    await until(() => asked > 4);
    expect(table.resolve('agent1')).toBe('192.0.2.1');
    expect([table.changes.length, table.unresolved()]).toEqual([1, []]);
  });

  test('reports once which name has no address, why, and whose tasks are there', async () => {
    const said: string[] = [];
    let asked = 0;
    const table = aTable({
      names: answering(() => ((asked += 1), undefined)),
      onUnresolved: (it) => said.push(unresolvedMessage(it)),
    });
    table.track({ changed: [user('/a', 'agent1')], removed: [] });
    await until(() => asked > 3);
    expect(said).toEqual([
      "the agent's host name agent1 has no address (away); tasks there get no requests (/a) until it is in the DNS or in /etc/hosts",
    ]);
    expect(table.unresolved()).toEqual([{ host: 'agent1', why: 'away', apps: ['/a'] }]);
  });

  test('forgets a name that no task has any more', async () => {
    const asked = new Map<string, number>();
    const table = aTable({
      times: { ...hasty, keep: 10 },
      names: answering((host) => (asked.set(host, (asked.get(host) ?? 0) + 1), '192.0.2.1')),
    });
    table.track({ changed: [user('/a', 'agent1'), user('/b', 'agent2')], removed: [] });
    await table.settled(5000);
    table.track({ changed: [], removed: [asAppId('/a')] });
    await until(() => table.resolve('agent1') === undefined);
    const before = asked.get('agent1');
    const others = asked.get('agent2') ?? 0;
    await until(() => (asked.get('agent2') ?? 0) > others + 3);
    expect(asked.get('agent1')).toBe(before);
  });

  test('uses a name added to the hosts file, and asks the DNS again when it is removed', async () => {
    let file: Record<string, string> = {};
    let isNew = false;
    const table = aTable({
      names: {
        inFile: (host) => file[host],
        refresh: () => Promise.resolve(isNew || ((isNew = false), true)),
        ask: () => Promise.resolve({ address: '192.0.2.1', ttlMs: 60_000 }),
      },
    });
    const put = (next: typeof file) => ((file = next), (isNew = true));
    table.track({ changed: [user('/a', 'agent1')], removed: [] });
    await until(() => table.resolve('agent1') === '192.0.2.1');
    put({ agent1: '10.0.0.1' });
    await until(() => table.resolve('agent1') === '10.0.0.1');
    put({});
    await until(() => table.resolve('agent1') === '192.0.2.1');
  });

  test('still knows its addresses after a restart without a resolver', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'pacer-hosts-'));
    onTestFinished(() => rm(stateDir, { recursive: true }));
    const log = { warn: () => undefined };
    const first = aTable({
      ...(await storedHosts(stateDir, log)),
      names: answering((host) => (host === 'agent6' ? '2001:db8::6' : '192.0.2.1')),
    });
    first.track({ changed: [user('/a', 'agent1', 'agent6')], removed: [] });
    let stored = await storedHosts(stateDir, log);
    while (stored.known.size < 2) {
      await sleep(20);
      stored = await storedHosts(stateDir, log);
    }
    first.close();
    const away = aTable(stored);
    away.track({ changed: [user('/a', 'agent1', 'agent6', 'agent7')], removed: [] });
    expect(['agent1', 'agent6', 'agent7'].map(away.resolve)).toEqual(['192.0.2.1', '2001:db8::6', undefined]);
  });

  test('limits how long it waits for a resolver that hangs', async () => {
    const table = aTable({ names: { ...nobody, ask: () => new Promise(() => undefined) } });
    table.track({ changed: [user('/a', 'agent1')], removed: [] });
    await table.settled(10);
    expect(table.resolve('agent1')).toBeUndefined();
  });
});

describe('agents whose names get no answer from the DNS', () => {
  async function hanging(count: number) {
    const addresses = { good: ['192.0.2.1'], late: ['192.0.2.2'] };
    const dns = await startDns({ addresses, hangs: (name) => name.startsWith('hangs') });
    const names = systemNames({ hosts: '/dev/null', resolvConf: '/dev/null' }, () =>
      dnsServers([dns.address]),
    );
    const table = aTable({ names, times: {} });
    const bad = Array.from({ length: count }, (_, n) => `hangs${n}`);
    return { dns, table, bad };
  }

  test.each([24, 500])('do not delay another name, even if there are %i of them', async (count) => {
    const { table, bad } = await hanging(count);
    table.track({ changed: [user('/bad', ...bad), user('/good', 'good')], removed: [] });
    await until(() => table.resolve('good') !== undefined);
    table.track({ changed: [user('/late', 'late')], removed: [] });
    await until(() => table.resolve('late') !== undefined);
    expect(table.unresolved()).toHaveLength(count);
  });

  test('block no thread that the file system needs', async () => {
    const { table, bad, dns } = await hanging(24);
    table.track({ changed: [user('/bad', ...bad)], removed: [] });
    await until(() => dns.asked.length >= 24);
    // With the threads held, this would wait for the first of the names to be given up.
    await rm(await mkdtemp(join(tmpdir(), 'pacer-threads-')), { recursive: true });
    expect(table.unresolved().map(({ why }) => why)).toEqual(bad.map(() => ''));
  });
});
