/**
 * A server whose task has ended leaves HAProxy whatever else is broken: each of these in turn, with traffic. What ends
 * the wait is that HAProxy itself no longer has the server in service.
 */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parseServersState } from '../../src/haproxy/replies/servers-state.ts';
import { runtimeBatch } from '../../src/haproxy/cli/runtime-socket.ts';
import { initFor, startOwnHaproxy } from '../support/own-haproxy.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let ports: number[];
let traffic: Traffic | undefined;

afterEach(async () => {
  await traffic?.stop();
  traffic = undefined;
  await stack.close();
});

async function start(flags: readonly string[]): Promise<void> {
  stack = await startStack({ flags });
  ports = await stack.freePorts(6);
  await stack.marathon.deploy(
    httpApp('/web', ports[0]!, { instances: 3, labels: { HAPROXY_0_VHOST: 'web.example' } }),
  );
  await stack.inStep('/web');
  traffic = createTraffic({
    ...{ port: stack.ports.http, keepAlive: 2, close: 2 },
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
}

/** The addresses of the servers that HAProxy would send a request to, by its own word. */
async function serving(): Promise<string[]> {
  const [reply] = await runtimeBatch(join(stack.directory, 'run', 'haproxy.sock'), ['show servers state']);
  return parseServersState(reply?.text ?? '')
    .filter(({ backend, admin }) => backend === `web_${ports[0]}` && admin === 'ready')
    .map(({ address, port }) => `${address}:${port}`);
}

/** Kills a task, waits until HAProxy has let go of it, and sees that nobody noticed. */
async function killOne(): Promise<void> {
  const [task] = stack.marathon.tasks('/web').filter(({ state }) => state === 'TASK_RUNNING');
  const address = `${task!.host}:${task!.ports[0]}`;
  expect(await serving()).toContain(address);
  // Without another in its place, which might get the same port.
  await stack.marathon.kill(task!.id, { scale: true });
  await stack.until(
    'HAProxy no longer has the server of the killed task',
    async () => !(await serving()).includes(address),
  );
  const { failed, failures } = traffic!.result();
  expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
}

describe('a killed task leaves HAProxy', () => {
  test('while a reload that another app needs waits for its budget', async () => {
    await start(['--reload-burst', '2', '--reload-spacing', '3600']);
    for (let i = 1; i <= 3; i++)
      await stack.marathon.deploy(
        httpApp(`/late-${i}`, ports[i]!, { labels: { HAPROXY_0_VHOST: `late-${i}.example` } }),
      );
    await stack.until('a reload waits', async () => !(await stack.status()).haproxy.inSync);
    await killOne();
    expect((await stack.ask({ host: 'late-3.example' })).status).toBe(404);
  });

  test('while HAProxy refuses the configuration of another app, or its own labels are wrong', async () => {
    await start(['--reload-spacing', '0']);
    await stack.marathon.deploy(
      httpApp('/bad', ports[1]!, { labels: { HAPROXY_0_BIND_OPTIONS: 'ssl crt /etc/hostname' } }),
    );
    await stack.marathon.update('/web', {
      labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'web.example', HAPROXY_0_BALANCE: 'best' },
    });
    await stack.until('both are told', async () => (await stack.status()).diagnostics.length >= 2);
    await killOne();
  });

  test('while a certificate of the listener is broken', async () => {
    await start(['--reload-spacing', '0']);
    await writeFile(join(stack.directory, 'certificates', 'self-signed.pem'), '');
    await killOne();
  });

  test('while the master socket is gone', async () => {
    await start(['--reload-spacing', '0']);
    await rm(join(stack.directory, 'run', 'master.sock'));
    await killOne();
  });

  test('while nothing can be written to the state directory', async () => {
    await start(['--reload-spacing', '0']);
    // Root writes wherever the mode says no, so the folder of the revisions is made a file.
    const revisions = join(stack.directory, 'revisions');
    await rm(revisions, { recursive: true });
    await writeFile(revisions, '');
    await killOne();
    await rm(revisions);
    await mkdir(revisions);
    await chmod(revisions, 0o700);
  });

  test('while a HAProxy that is to be reloaded does not come up again in time', async () => {
    await start(['--reload-spacing', '0']);
    const { masterPid } = (await stack.status()).haproxy.running!;
    process.kill(masterPid, 'SIGSTOP');
    try {
      await stack.marathon.deploy(
        httpApp('/late', ports[1]!, { labels: { HAPROXY_0_VHOST: 'late.example' } }),
      );
      await killOne();
    } finally {
      process.kill(masterPid, 'SIGCONT');
    }
  });
});

test('a killed task leaves HAProxy while the reload command hangs', async () => {
  stack = await startStack({ start: false, flags: ['--reload-spacing', '0', '--max-reload-retries', '9'] });
  ports = await stack.freePorts(2);
  await initFor(stack);
  const haproxy = await startOwnHaproxy(stack);
  try {
    // It reloads once, for /web; whoever comes after waits for it.
    const command = `cd ${stack.directory} && echo $$ > command.pid; if [ -e hang ]; then sleep 600; fi; kill -USR2 ${haproxy.masterPid}`;
    await stack.startPacer(['--command', command]).ready();
    await stack.marathon.deploy(
      httpApp('/web', ports[0]!, { instances: 3, labels: { HAPROXY_0_VHOST: 'web.example' } }),
    );
    await stack.inStep('/web');
    await writeFile(join(stack.directory, 'hang'), '');
    traffic = createTraffic({
      ...{ port: stack.ports.http, keepAlive: 2, close: 2 },
      target: () => ({ host: 'web.example', path: '/' }),
    });
    traffic.start();
    await stack.marathon.deploy(httpApp('/late', ports[1]!, { labels: { HAPROXY_0_VHOST: 'late.example' } }));
    await stack.until('the command runs', async () => !(await stack.status()).haproxy.inSync);
    await killOne();
  } finally {
    await traffic?.stop();
    await stack.daemon().stop();
    // Pacer leaves a command that hangs to end by itself; a test leaves nothing behind.
    endGroup(Number(await readFile(join(stack.directory, 'command.pid'), 'utf8')));
    await haproxy.end();
  }
});

/** It may have ended already. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
