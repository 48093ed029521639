import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dnsServers } from '../../../src/daemon/hosts/ask-dns.ts';
import { hostsOf } from '../../../src/daemon/hosts/system.ts';
import { searchRules, wholeNames } from '../../../src/daemon/hosts/resolv-conf.ts';
import { systemNames } from '../../../src/daemon/hosts/system.ts';
import { startDns, type Zone } from '../../support/dns.ts';

describe('the hosts file', () => {
  test('gives each name its first address, IPv4 before IPv6, whatever the case', () => {
    const text =
      '::1 agent1 # a comment\n10.0.0.1\tAgent1 alias.example\n10.0.0.2 agent1\n#10.0.0.3 agent3\nbad x\n';
    expect([...hostsOf(text)]).toEqual([
      ['agent1', '10.0.0.1'],
      ['alias.example', '10.0.0.1'],
    ]);
  });
});

describe('a name that is not whole', () => {
  const rules = searchRules('search a.example b.example. # c\noptions timeout:1 ndots:2\n', 'edge1');

  test('is tried in the search domains, as getaddrinfo tries it', () => {
    expect(wholeNames('agent1', rules)).toEqual(['agent1.a.example', 'agent1.b.example', 'agent1']);
    expect(wholeNames('agent1.rack.dc', rules)).toEqual([
      'agent1.rack.dc',
      'agent1.rack.dc.a.example',
      'agent1.rack.dc.b.example',
    ]);
    expect(wholeNames('agent1.', rules)).toEqual(['agent1']);
  });

  test('is tried in this machine’s own domain where resolv.conf names none, and in that of its last line', () => {
    expect(searchRules('nameserver 10.0.0.53\n', 'edge1.dc.example')).toEqual({
      search: ['dc.example'],
      ndots: 1,
    });
    expect(searchRules('search a b\ndomain c\n', 'edge1').search).toEqual(['c']);
  });
});

describe('the address of an agent', () => {
  async function world(zone: Zone, hosts = '', resolvConf = '') {
    const dns = await startDns(zone);
    const directory = mkdtempSync(join(tmpdir(), 'pacer-names-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const files = { hosts: join(directory, 'hosts'), resolvConf: join(directory, 'resolv.conf') };
    writeFileSync(files.hosts, hosts);
    writeFileSync(files.resolvConf, resolvConf);
    const names = systemNames(files, () => dnsServers([dns.address]));
    await names.refresh();
    return { dns, files, names };
  }

  test('comes from the hosts file, which is read anew when it changes', async () => {
    const { names, files, dns } = await world({}, '10.0.0.1 agent1\n');
    expect([names.inFile('AGENT1.'), await names.refresh()]).toEqual(['10.0.0.1', false]);
    writeFileSync(files.hosts, '10.0.0.2 agent1\n');
    expect([await names.refresh(), names.inFile('agent1')]).toEqual([true, '10.0.0.2']);
    expect(dns.asked).toEqual([]);
  });

  test('comes from the DNS, IPv4 before IPv6, with the time it holds, and is the same on every node', async () => {
    const addresses = { both: ['::1', '10.0.0.2', '10.0.0.1'], six: ['::1'] };
    const { names } = await world({ addresses, ttl: 90 });
    expect(await names.ask('both')).toEqual({ address: '10.0.0.1', ttlMs: 90_000 });
    expect(await names.ask('six')).toEqual({ address: '::1', ttlMs: 90_000 });
  });

  test('is looked for in the search domains', async () => {
    const { names } = await world(
      { addresses: { 'agent1.b.example': ['10.0.0.7'] } },
      '',
      'search a.example b.example\n',
    );
    expect((await names.ask('agent1'))?.address).toBe('10.0.0.7');
  });

  test('is asked of the rest of the system where neither knows it', async () => {
    const { names } = await world({});
    expect((await names.ask('localhost'))?.address).toBe('127.0.0.1');
    expect(await names.ask('no-such-agent.invalid')).toBeUndefined();
  });

  test('is not known to be none where nobody answers', async () => {
    const { names } = await world({ hangs: () => true });
    await expect(names.ask('agent1')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  });
});
