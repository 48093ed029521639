/** Marathon is found by its SRV records, and found again where they point elsewhere; while the DNS is away nothing is lost. */
import { afterEach, expect, test } from 'vitest';
import { startDns } from '../support/dns.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
afterEach(() => stack.close());

interface View {
  marathon: {
    connected: boolean;
    endpoints: { url: string; healthy: boolean | null }[];
    discovery: { address: string; found: number; lastError?: { message: string } }[];
  };
}
const marathon = async () => ((await stack.status()) as unknown as View).marathon;

test('by SRV records of a DNS server of its own', async () => {
  const dns = await startDns();
  const service = 'srv://_marathon._tcp.marathon.mesos';
  stack = await startStack({ endpoints: () => [service], flags: ['--marathon-dns', dns.address] });
  await stack.until('it says that there is nothing', async () =>
    (await stack.log()).includes('cannot be looked up'),
  );
  expect((await stack.log()).includes('no Marathon has been found yet')).toBe(true);
  const target = { target: 'm1.marathon.mesos', port: stack.marathon.port };
  dns.set({
    addresses: { 'm1.marathon.mesos': ['127.0.0.1'] },
    services: { '_marathon._tcp.marathon.mesos': [target] },
  });
  await stack.daemon().ready();
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(httpApp('/web', port, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
  await stack.inStep('/web');
  expect(await marathon()).toMatchObject({
    connected: true,
    endpoints: [{ url: `http://m1.marathon.mesos:${target.port} (127.0.0.1)`, healthy: true }],
    discovery: [{ address: service, found: 1 }],
  });
  dns.silence(true);
  stack.marathon.faults.cutStreams();
  await stack.marathon.scale('/web', 2);
  await stack.inStep('/web');
  expect((await stack.ask({ host: 'web.example' })).json?.app).toBe('/web');
});
