/** A running app keeps its host, its port and its deployment group, whatever a newcomer claims and however Pacer restarts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';

let stack: Stack;
let ports: number[];
let flags: string[];
let traffic: Traffic[];

const user =
  'bank:teller:$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/';

beforeAll(async () => {
  // A task takes its time to end, so that a slow machine can follow.
  stack = await startStack({ start: false, simulator: { timings: { killMs: 1000 } } });
  const policy = join(stack.directory, 'policy.yaml');
  await writeFile(policy, "/bank: { vhosts: ['*.bank.example'] }\n/evil: { vhosts: ['*.evil.example'] }\n");
  flags = ['--policy', policy, '--reload-spacing', '0'];
  stack.startPacer(flags);
  ports = await stack.freePorts(12);
  await stack.marathon.deploy(
    httpApp('/bank/web', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'www.bank.example' } }),
  );
  await stack.marathon.deploy(
    httpApp('/bank/blue', ports[1]!, {
      instances: 2,
      labels: {
        HAPROXY_0_VHOST: 'vault.bank.example',
        HAPROXY_DEPLOYMENT_GROUP: 'vault',
        HAPROXY_DEPLOYMENT_STARTED_AT: '2026-01-01T10:00:00Z',
        HAPROXY_0_AUTH: user,
      },
    }),
  );
  await stack.inStep('/bank/web');
  await stack.inStep('/bank/blue');
  const load = (port: number, host: string, status: number) =>
    createTraffic({
      port,
      ...{ keepAlive: 2, close: 2, allowed: [status] },
      target: () => ({ host, path: '/' }),
    });
  traffic = [
    load(stack.ports.http, 'www.bank.example', 200),
    load(ports[0]!, 'www.bank.example', 200),
    // Never past its password.
    load(stack.ports.http, 'vault.bank.example', 401),
  ];
  for (const it of traffic) it.start();
});
afterEach(() => {
  for (const it of traffic) expect(it.result().failures).toEqual({});
});
afterAll(() => stack.close());

const told = async (appId: string, code: string) =>
  (await stack.status()).diagnostics.some((it) => it.appId === appId && 'code' in it && it.code === code);
const appsAt = async (host: string, port?: number) => {
  const apps = new Set<string>();
  for (let i = 0; i < 8; i++) {
    const { json, status } = await stack.ask({ host, ...(port === undefined ? {} : { port }) });
    apps.add(json?.app ?? String(status));
  }
  return [...apps];
};

test('a newcomer with a smaller id that claims the port serves its own host, and not the port', async () => {
  await stack.marathon.deploy(httpApp('/aaa', ports[0]!, { labels: { HAPROXY_0_VHOST: 'aaa.example' } }));
  await stack.until('it is said', () => told('/aaa', 'PORT_CONFLICT'));
  await stack.until('it serves its host', async () => (await appsAt('aaa.example'))[0] === '/aaa');
  expect(await appsAt('www.bank.example', ports[0])).toEqual(['/bank/web']);
  expect(await appsAt('www.bank.example')).toEqual(['/bank/web']);
});

test.each<[string, Record<string, string>, number]>([
  ['newer', { HAPROXY_DEPLOYMENT_STARTED_AT: '2026-02-01T10:00:00Z' }, 2],
  ['older', { HAPROXY_DEPLOYMENT_STARTED_AT: '2020-01-01T10:00:00Z' }, 2],
  ['older and without instances', { HAPROXY_DEPLOYMENT_STARTED_AT: '2020-01-01T10:00:00Z' }, 0],
])(
  'a tenant that joins the group of another as the %s one serves on its own',
  async (name, labels, instances) => {
    const id = `/evil/${name.replaceAll(' ', '-')}`;
    const host = `${id.slice('/evil/'.length)}.evil.example`;
    const port = ports[2 + (name.length % 8)]!;
    await stack.marathon.deploy(
      httpApp(id, port, {
        instances,
        labels: { HAPROXY_0_VHOST: host, HAPROXY_DEPLOYMENT_GROUP: 'vault', ...labels },
      }),
    );
    await stack.until('it is said', () => told(id, 'GROUP_CLOSED'));
    await stack.inStep(id);
    expect(await appsAt(host)).toEqual([instances === 0 ? '503' : id]);
    expect(await appsAt('vault.bank.example')).toEqual(['401']);
  },
);

test('after a restart of Pacer all is as it was, though the owner’s labels are the newest', async () => {
  await stack.daemon().stop('SIGKILL');
  stack.startPacer(flags);
  await stack.inStep('/bank/web');
  await stack.marathon.deploy(
    httpApp('/bank/web', ports[0]!, {
      instances: 2,
      labels: { HAPROXY_0_VHOST: 'www.bank.example', HAPROXY_0_BALANCE: 'leastconn' },
    }),
  );
  await stack.inStep('/bank/web');
  expect(await appsAt('www.bank.example', ports[0])).toEqual(['/bank/web']);
  expect(await appsAt('aaa.example')).toEqual(['/aaa']);
});

test('no request of the owners was lost, went astray or got past the password', async () => {
  for (const it of traffic) {
    const { ok, failures } = await it.stop();
    expect(failures).toEqual({});
    expect(ok).toBeGreaterThan(50);
  }
});
