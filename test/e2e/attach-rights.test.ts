/** Attach mode as haproxy/*.service has it: one user, HAProxy with the right to bind any port, Pacer without. */
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { initFor, masterSocketOf, startOwnHaproxy, type OwnHaproxy } from '../support/own-haproxy.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

const user = 65_534;
const caps = ['--inh-caps', '+net_bind_service', '--ambient-caps', '+net_bind_service'];
const asUser = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...caps];
const canDoIt = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0;

let stack: Stack;
let haproxy: OwnHaproxy | undefined;
afterEach(async () => {
  await stack.close();
  await haproxy?.end();
});

const attach = () =>
  stack.startPacer([
    ...['--haproxy-mode', 'attach', '--haproxy-master-socket', masterSocketOf(stack)],
    ...['--haproxy-socket', join(stack.directory, 'run', 'haproxy.sock')],
  ]);

describe.skipIf(!canDoIt)('as root', () => {
  test('an app whose port another process has is rejected alone, and no request to others fails', async () => {
    stack = await startStack({ start: false, uid: user, flags: ['--reload-spacing', '0'] });
    await initFor(stack);
    spawnSync('chown', ['-R', `${user}:${user}`, stack.directory]);
    haproxy = await startOwnHaproxy(stack, '/', undefined, asUser);
    await attach().ready();
    const [web = 0, taken = 0] = await stack.freePorts(2);
    await stack.marathon.deploy(httpApp('/web', web, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
    await stack.inStep('/web');

    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(taken, '127.0.0.1', resolve));
    const traffic = createTraffic({
      ...{ port: stack.ports.http, keepAlive: 4, close: 4 },
      target: () => ({ host: 'web.example', path: '/' }),
    });
    traffic.start();
    await stack.marathon.deploy(httpApp('/taken', taken, { labels: { HAPROXY_0_VHOST: 'taken.example' } }));
    await stack.until('the app is rejected', async () =>
      (await stack.status()).diagnostics.some(
        ({ appId, text }) => appId === '/taken' && text.includes(`listens on 127.0.0.1:${taken}`),
      ),
    );
    await stack.marathon.scale('/web', 3);
    await stack.inStep('/web');
    const { failures, ok } = await traffic.stop();
    expect(failures).toEqual({});
    expect(ok).toBeGreaterThan(0);

    await new Promise((resolve) => holder.close(resolve));
    await stack.until(
      'the app is served once its port is free',
      async () => (await stack.ask({ host: 'taken.example' })).status === 200,
    );
  });
});

test('Pacer is seen to live before HAProxy is there', async () => {
  stack = await startStack({ start: false });
  haproxy = undefined;
  attach();
  await stack.until('Pacer lives', () =>
    stack.ask({ port: stack.ports.status, path: '/healthz' }).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  // It has not given up waiting yet.
  expect(await stack.log()).not.toContain('HAProxy does not answer');
  expect((await stack.ask({ port: stack.ports.status, path: '/readyz' })).status).toBe(503);
  await stack.until('the configuration is there', async () =>
    (await stack.log()).includes('HAProxy does not answer'),
  );
  haproxy = await startOwnHaproxy(stack);
  await stack.daemon().ready();
});
