/** Labels that name servers of elsewhere, close a port, or ask for one of Pacer's own: where requests end up. */
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let elsewhere: Server;
let closedPort = 0;

const label = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`HAPROXY_0_${name}`, value]));

/** Who answers for a host. */
const at = async (host: string): Promise<unknown> => {
  const { status, json } = await stack.ask({ host: `${host}.example` });
  return json?.app ?? status;
};
const answers = (host: string, expected: unknown) =>
  stack.until(
    `${host} answers ${String(expected)}`,
    async () => (await at(host).catch(() => 0)) === expected,
  );

const portal = (instances: number, server: string) =>
  httpApp('/portal', ports[0] ?? 0, {
    instances,
    labels: label({ VHOST: 'portal.example', BACKEND_SERVER_OPTIONS: `  timeout server 5m\n${server}` }),
  });
let ports: number[] = [];
let place = '';

beforeAll(async () => {
  elsewhere = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"app":"elsewhere"}'),
  );
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  place = `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  stack = await startStack({ flags: ['--label-templates', 'trusted'] });
  ports = await stack.freePorts(5);
  closedPort = ports[3] ?? 0;
  const apps = [
    portal(2, `  server api ${place}\n`),
    httpApp('/sorry', ports[1] ?? 0, {
      labels: label({
        VHOST: 'sorry.example',
        BACKEND_HTTP_OPTIONS: `  option forwardfor\n  server spare ${place} backup\n`,
      }),
    }),
    httpApp('/named', ports[2] ?? 0, {
      labels: label({
        VHOST: 'named.example',
        BACKEND_SERVER_OPTIONS: `  server named ${place.replace('127.0.0.1', 'localhost')}`,
      }),
    }),
    httpApp('/closed', closedPort, {
      labels: label({ VHOST: 'closed.example', FRONTEND_HEAD: '', FRONTEND_BACKEND_GLUE: '' }),
    }),
    httpApp('/eighty', ports[4] ?? 0, {
      labels: label({ VHOST: 'eighty.example', PORT: String(stack.ports.http) }),
    }),
  ];
  await Promise.all(apps.map((app) => stack.marathon.deploy(app)));
  for (const [host, app] of [
    ['portal', 'elsewhere'],
    ['sorry', '/sorry'],
    ['named', 'elsewhere'],
    ['closed', '/closed'],
    ['eighty', '/eighty'],
  ] as const)
    await answers(host, app);
});
afterAll(async () => {
  await stack.close();
  elsewhere.close();
});

const reloads = async () => (await stack.status()).haproxy.running?.reloads;

describe('servers that labels name', () => {
  test('stay as they are: nothing of them is repaired again and again', async () => {
    await stack.until('HAProxy is in sync', async () => (await stack.status()).haproxy.inSync);
    const before = (await stack.status()).haproxy.runtimeCommands;
    // Longer than the time between two samples of what HAProxy runs.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    expect((await stack.status()).haproxy).toMatchObject({ inSync: true, runtimeCommands: before });
    expect(await at('named')).toBe('elsewhere');
  });

  test('serve while a task of the app does, without a reload', async () => {
    const before = await reloads();
    await stack.marathon.deploy(portal(0, `  server api ${place}\n`));
    await answers('portal', 503);
    await stack.marathon.deploy(portal(1, `  server api ${place}\n`));
    await answers('portal', 'elsewhere');
    expect(await reloads()).toBe(before);
  });

  test('change with their lines', async () => {
    await stack.marathon.deploy(portal(1, `  server api ${place} disabled\n`));
    await answers('portal', 503);
    await stack.marathon.deploy(portal(1, '  server {serverName} {host_ipv4}:{port}\n'));
    await answers('portal', '/portal');
  });

  test('of other templates stay when no task is left', async () => {
    await stack.marathon.deploy(
      httpApp('/sorry', ports[1] ?? 0, {
        instances: 0,
        labels: label({
          VHOST: 'sorry.example',
          BACKEND_HTTP_OPTIONS: `  option forwardfor\n  server spare ${place} backup\n`,
        }),
      }),
    );
    await answers('sorry', 'elsewhere');
  });
});

test('a service port that is closed by empty templates has no listener', async () => {
  const answer = await new Promise<string>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: closedPort });
    socket.once('connect', () => {
      socket.destroy();
      resolve('open');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? '');
    });
  });
  expect(answer).toBe('ECONNREFUSED');
});

test("an app that asks for Pacer's own port is told that its host serves there", async () => {
  const { diagnostics } = await stack.status();
  expect(diagnostics.filter(({ appId }) => appId === '/eighty')).toMatchObject([{ severity: 'warning' }]);
});
