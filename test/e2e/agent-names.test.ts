import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDns, type DnsServer } from '../support/dns.ts';
import { nameAgents, type NamedAgents } from '../support/named-agents.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

/** App → the host name of its agents; the others have addresses. */
const agentOf = (id: string): string | undefined =>
  /^\/(hangs\d+|named|moves|late|none)$/.test(id) ? `${id.slice(1)}.agents.example` : undefined;

let dns: DnsServer;
let agents: NamedAgents;
let stack: Stack;
let ports: number[];
const hanging = Array.from({ length: 24 }, (_, n) => `/hangs${n}`);
const addresses: Record<string, readonly string[]> = {};
const setAddresses = (more: Record<string, readonly string[]>) =>
  dns.set({ addresses: Object.assign(addresses, more), hangs: (name) => name.startsWith('hangs'), ttl: 1 });
const status = async (host: string) => (await stack.ask({ host })).status;

beforeAll(async () => {
  dns = await openDns();
  let marathon = '';
  agents = await nameAgents(() => marathon, agentOf);
  stack = await startStack({
    start: false,
    // One agent: its address is what the names stand for.
    simulator: { agents: 1 },
    endpoints: ({ url }) => [(marathon = url), agents.url].slice(1),
    flags: ['--reload-spacing', '0'],
    environment: {
      NODE_OPTIONS: `--require=${join(import.meta.dirname, '..', 'support', 'own-dns.cjs')}`,
      OWN_DNS: dns.address,
    },
  });
  ports = await stack.freePorts(40);
  const deploy = (id: string, n: number) =>
    stack.marathon.deploy(
      httpApp(id, ports[n] ?? 0, { labels: { HAPROXY_0_VHOST: `${id.slice(1)}.example` } }),
    );
  await Promise.all(['/plain', '/named', ...hanging].map(deploy));
  const [task] = stack.marathon.tasks('/named');
  setAddresses({ 'named.agents.example': [task?.host ?? ''] });
  stack.startPacer();
  await stack.inStep('/plain');
});
afterAll(async () => {
  await stack.close();
  await agents.close();
  await dns.close();
});

describe('24 agents whose names hang in the DNS', () => {
  test('keep no app on another agent from being served', async () => {
    await stack.until(
      'the app on a named agent is served',
      async () => (await status('named.example')) === 200,
    );
    expect(await status('plain.example')).toBe(200);
    expect(await status('hangs0.example')).toBe(503);
  });

  test('hold up no event of another app, however many new ones there are', async () => {
    const traffic = createTraffic({
      port: stack.ports.http,
      keepAlive: 2,
      close: 1,
      target: () => ({ host: 'plain.example', path: '/' }),
    });
    traffic.start();
    for (const [n, id] of ['/hangs100', '/hangs101', '/hangs102', '/hangs103'].entries()) {
      await stack.marathon.deploy(httpApp(id, ports[28 + n] ?? 0));
      await stack.marathon.scale('/plain', 2 + (n % 2));
      await stack.inStep('/plain');
    }
    const result = await traffic.stop();
    expect([result.failed, result.failures]).toEqual([0, {}]);
    // They still hang: each was asked for, and none got an answer.
    const { ports: of } = (await stack.daemon().get('/apps/hangs100')) as { ports: { servers: unknown[] }[] };
    expect(of.flatMap(({ servers }) => servers)).toEqual([]);
  });
});

test('an app whose agent has no address is shown with that reason, and served once there is one', async () => {
  await stack.marathon.deploy(
    httpApp('/late', ports[35] ?? 0, { labels: { HAPROXY_0_VHOST: 'late.example' } }),
  );
  await stack.until('the log says so', async () =>
    (await stack.log()).includes("the agent's host name late.agents.example has no address"),
  );
  await stack.until('the app is shown with that reason', async () =>
    JSON.stringify((await stack.daemon().get('/apps/late')) ?? '').includes(
      "the agent's host name late.agents.example has no known address",
    ),
  );
  await stack.until('it has no server', async () => (await status('late.example')) === 503);
  const [task] = stack.marathon.tasks('/late');
  setAddresses({ 'late.agents.example': [task?.host ?? ''] });
  await stack.until('the app is served', async () => (await status('late.example')) === 200);
  const revisions = JSON.stringify(await stack.daemon().get('/revisions'));
  expect(revisions).toContain('the address of late.agents.example changed');
});
