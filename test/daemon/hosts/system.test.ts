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
  test('gives each name its first address, IPv4 before IPv6, in upper or lower case', () => {
    const text =
      '::1 agent1 # a comment\n10.0.0.1\tAgent1 alias.example\n10.0.0.2 agent1\n#10.0.0.3 agent3\nbad x\n';
    expect([...hostsOf(text)]).toEqual([
      ['agent1', '10.0.0.1'],
      ['alias.example', '10.0.0.1'],
    ]);
  });
});

describe('a name that is not fully qualified', () => {
  const rules = searchRules('search a.example b.example. # c\noptions timeout:1 ndots:2\n', 'edge1');

  test('is searched in the search domains, as getaddrinfo does', () => {
    expect(wholeNames('agent1', rules)).toEqual(['agent1.a.example', 'agent1.b.example', 'agent1']);
    expect(wholeNames('agent1.rack.dc', rules)).toEqual([
      'agent1.rack.dc',
      'agent1.rack.dc.a.example',
      'agent1.rack.dc.b.example',
    ]);
    expect(wholeNames('agent1.', rules)).toEqual(['agent1']);
  });

  test('is searched in this machine’s own domain if resolv.conf names none; of several lines the last counts', () => {
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

  test('comes from the hosts file, which is read again when it changes', async () => {
    const { names, files, dns } = await world({}, '10.0.0.1 agent1\n');
    expect([names.inFile('AGENT1.'), await names.refresh()]).toEqual(['10.0.0.1', false]);
    writeFileSync(files.hosts, '10.0.0.2 agent1\n');
    expect([await names.refresh(), names.inFile('agent1')]).toEqual([true, '10.0.0.2']);
    expect(dns.asked).toEqual([]);
  });

  test('comes from the DNS, IPv4 before IPv6, with its lifetime, and is the same on every node', async () => {
    const addresses = { both: ['::1', '10.0.0.2', '10.0.0.1'], six: ['::1'] };
    const { names } = await world({ addresses, ttl: 90 });
    expect(await names.ask('both')).toEqual({ address: '10.0.0.1', ttlMs: 90_000 });
    expect(await names.ask('six')).toEqual({ address: '::1', ttlMs: 90_000 });
  });

  test('is searched in the search domains', async () => {
    const { names } = await world(
      { addresses: { 'agent1.b.example': ['10.0.0.7'] } },
      '',
      'search a.example b.example\n',
    );
    expect((await names.ask('agent1'))?.address).toBe('10.0.0.7');
  });

  test('is asked from the other sources of the system if neither file nor DNS has it', async () => {
    const { names } = await world({});
    expect((await names.ask('localhost'))?.address).toBe('127.0.0.1');
    expect(await names.ask('no-such-agent.invalid')).toBeUndefined();
  });

  test('is unknown, not absent, if no server answers', async () => {
    const { names } = await world({ hangs: () => true });
    await expect(names.ask('agent1')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  });
});
