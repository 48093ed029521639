import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { generate } from 'selfsigned';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseMarathonAddress } from '../../src/core/model/marathon-address.ts';
import { fetchApps } from '../../src/marathon/client/api.ts';
import { MarathonClient, type ClientOptions } from '../../src/marathon/client/client.ts';
import { namesOf } from '../../src/marathon/discovery/names.ts';
import { srvOrder } from '../../src/marathon/discovery/dns-finder.ts';
import { startDns, type DnsServer } from '../support/dns.ts';
import { follow, simulate, until, webApp } from './mirroring.ts';
import { sendJson, serve } from './servers.ts';

const address = (text: string) => parseMarathonAddress(text)!;

function client(where: string, dns: DnsServer, options: Partial<ClientOptions> = {}): MarathonClient {
  const made = new MarathonClient({
    endpoints: [address(where)],
    dnsServers: [dns.address],
    requestTimeoutMs: 1_000,
    ...options,
  });
  onTestFinished(() => made.close());
  return made;
}

/** Servers on one port of several addresses of loopback; what each was asked as. */
async function serveOn(
  handlers: Record<string, RequestListener>,
): Promise<{ port: number; hosts: string[] }> {
  const hosts: string[] = [];
  let port = 0;
  for (const [host, handler] of Object.entries(handlers)) {
    const server = createServer((request, response) => {
      hosts.push(`${host} ${request.headers.host ?? ''}`);
      handler(request, response);
    });
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    ({ port } = server.address() as AddressInfo);
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
  }
  return { port, hosts };
}

const found = (of: MarathonClient) => of.endpoints.status().map(({ url }) => url);
const apps: RequestListener = (_request, response) => sendJson(response, { apps: [{ id: '/web' }] });

describe('a name with several addresses', () => {
  it('stands for all of them: if one refuses, fails or sends nonsense, the next is asked, under the same name', async () => {
    const { port, hosts } = await serveOn({
      '127.0.0.3': (_request, response) => response.writeHead(502).end(),
      '127.0.0.4': (_request, response) => response.end('<html>'),
      '127.0.0.5': apps,
    });
    const addresses = ['127.0.0.5', '127.0.0.2', '127.0.0.4', '127.0.0.3'];
    const dns = await startDns({ addresses: { 'marathon.mesos': addresses } });
    const marathon = client(`http://marathon.mesos:${port}`, dns);
    await until(() => expect(marathon.endpoints.status()).toHaveLength(4));
    expect((await fetchApps(marathon)).apps).toHaveLength(1);
    const name = `marathon.mesos:${port}`;
    expect(hosts).toEqual([`127.0.0.3 ${name}`, `127.0.0.4 ${name}`, `127.0.0.5 ${name}`]);
    expect(marathon.endpoints.status()).toMatchObject([
      {
        url: `http://${name} (127.0.0.2)`,
        healthy: false,
        lastError: { message: expect.stringContaining('ECONNREFUSED') as string },
      },
      { url: `http://${name} (127.0.0.3)`, healthy: false, lastError: { message: 'answers 502' } },
      {
        url: `http://${name} (127.0.0.4)`,
        healthy: false,
        lastError: { message: expect.stringContaining('not JSON') as string },
      },
      { url: `http://${name} (127.0.0.5)`, healthy: true },
    ]);
  });

  it('is looked up again: new addresses are used, and without the DNS the last ones', async () => {
    const { port } = await serveOn({ '127.0.0.2': apps });
    const zone = (...addresses: string[]) => ({ addresses: { 'marathon.mesos': addresses } });
    const dns = await startDns(zone('127.0.0.9'));
    const names = namesOf([dns.address]);
    const told: string[] = [];
    const { source } = follow({
      endpoints: [address(`http://marathon.mesos:${port}`)],
      ...{ names, lookupMs: 50 },
      log: ({ level, message }) => told.push(`${level}: ${message}`),
    });
    await until(() => expect(source.status().endpoints[0]?.url).toContain('(127.0.0.9)'));
    dns.set(zone('127.0.0.2'));
    await until(() => expect(source.status().apps).toBe(1));
    dns.silence(true);
    await until(() => expect(source.status().discovery[0]?.lastError?.message).toContain('ETIMEOUT'));
    expect(told).toContain(
      'warn: the addresses of Marathon cannot be looked up; Pacer keeps using the last ones',
    );
    expect(source.status().endpoints[0]?.url).toContain('(127.0.0.2)');
    const { resyncs } = source.status();
    await until(() => expect(source.status().resyncs).toBeGreaterThan(resyncs));
  });

  it('is reported if it cannot be resolved', async () => {
    const dns = await startDns();
    const failed = fetchApps(client('http://marathon.invalid:8080', dns));
    await expect(failed).rejects.toThrow(/marathon\.invalid/);
  });

  it('is verified by its name over TLS, not by its address', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'marathon.mesos' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'marathon.mesos' }] }],
    });
    const server = createTlsServer({ key, cert }, apps);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const dns = await startDns({
      addresses: { 'marathon.mesos': ['127.0.0.2'], 'other.mesos': ['127.0.0.2'] },
    });
    const right = client(`https://marathon.mesos:${port}`, dns, { ca: cert });
    await until(() => expect(right.endpoints.status()[0]?.url).toContain('(127.0.0.2)'));
    expect((await fetchApps(right)).apps).toHaveLength(1);
    const wrong = client(`https://other.mesos:${port}`, dns, { ca: cert });
    await until(() => expect(wrong.endpoints.status()[0]?.url).toContain('(127.0.0.2)'));
    await expect(fetchApps(wrong)).rejects.toThrow(/does not match certificate/);
  });
});

describe('the SRV records of a name', () => {
  const service = '_marathon._tcp.marathon.mesos';
  const zone = (...ports: number[]) => ({
    addresses: { 'm.mesos': ['127.0.0.1'] },
    services: { [service]: ports.map((port, priority) => ({ target: 'm.mesos', port, priority })) },
  });

  it('are the endpoints, by priority, with the scheme and path of the address', async () => {
    const dns = await startDns(zone(8081, 8082));
    const marathon = client(`srv+https://${service}/api`, dns);
    await until(() =>
      expect(found(marathon)).toEqual([
        'https://m.mesos:8081/api (127.0.0.1)',
        'https://m.mesos:8082/api (127.0.0.1)',
      ]),
    );
  });

  it('lead a mirror to Marathon, are looked up again, and get the credentials', async () => {
    const auth = { user: 'pacer', password: 'secret' };
    const [first, second] = [await simulate({ auth }), await simulate({ auth })];
    await first.deploy(webApp);
    await second.deploy({ ...webApp, instances: 5 });
    const dns = await startDns(zone(first.port));
    const { source } = follow({
      endpoints: [address(`srv://${service}`)],
      credentials: { kind: 'basic', ...auth },
      names: namesOf([dns.address]),
      lookupMs: 50,
    });
    await until(() => expect(source.status()).toMatchObject({ connected: true, tasks: 3 }));
    dns.set(zone(second.port));
    await until(() => expect(source.status().endpoints[0]?.url).toContain(`:${second.port}`));
    await first.stop();
    await until(() => expect(source.status()).toMatchObject({ connected: true, tasks: 5 }));
  });

  it('are waited for if they are missing, and the error names the address', async () => {
    const dns = await startDns();
    const marathon = client(`srv://${service}`, dns);
    await until(() => expect(marathon.discovery.status()[0]?.lastError?.message).toContain('ENOTFOUND'));
    await expect(fetchApps(marathon)).rejects.toMatchObject({ code: 'MARATHON_UNREACHABLE' });
    await expect(fetchApps(marathon)).rejects.toThrow(`no Marathon has been found yet (srv://${service}: `);
  });
});

describe('the order of SRV records', () => {
  const record = fc.record({
    name: fc.stringMatching(/^m[0-9]$/),
    port: fc.constant(8080),
    priority: fc.nat(3),
    weight: fc.nat(20),
  });
  const numbers = () => fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));

  it('contains every record once, and a lower priority never comes after a higher one', () => {
    fc.assert(
      fc.property(fc.array(record), numbers(), (records, random) => {
        const ordered = srvOrder(records, () => random.next().value as number);
        expect([...ordered].sort(byText)).toEqual([...records].sort(byText));
        const priorities = ordered.map(({ priority }) => priority);
        expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
      }),
    );
  });

  it('puts heavier records first in proportion to their weight', () => {
    const of = (name: string, weight: number) => ({ name, port: 1, priority: 0, weight });
    let i = 0;
    const first = Array.from(
      { length: 1000 },
      () => srvOrder([of('a', 75), of('b', 25)], () => (i++ % 997) / 997)[0]!.name,
    );
    const share = first.filter((name) => name === 'a').length / 1000;
    expect(share).toBeGreaterThan(0.65);
    expect(share).toBeLessThan(0.85);
  });

  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
});

describe('a leader that is known', () => {
  it('gets the event stream before the configured endpoints', async () => {
    const leader = await simulate();
    const standby = await serve((request, response) => {
      if (request.url?.startsWith('/v2/events')) response.writeHead(502).end();
      else sendJson(response, { apps: [] }, 200, { 'x-marathon-leader': leader.url });
    });
    const { source } = follow({ endpoints: [standby.url] });
    await until(() => expect(source.status()).toMatchObject({ connected: true, leader: leader.url }));
  });
});
