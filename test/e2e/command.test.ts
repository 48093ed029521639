/** marathon-lb's way: a shell command reloads a HAProxy that somebody else runs. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { initFor, startOwnHaproxy, type OwnHaproxy } from '../support/own-haproxy.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

// A task that ends within a reload of its SIGTERM leaves no time to follow; this one takes a second.
const simulator = { taskKilling: true, timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 1000 } };
const commandFlags = ['--reload-spacing', '0', '--max-reload-retries', '2', '--reload-interval', '0.05'];

const statusOf = async (stack: Stack, host: string) =>
  (await stack.ask({ host }).catch(() => undefined))?.status;
const tell = (haproxy: OwnHaproxy, stack: Stack) =>
  writeFile(join(stack.directory, 'haproxy.pid'), `${haproxy.masterPid}\n`);

/** Notes each run; fails while there is a file `broken`; else signals the master. */
const reloadCommand = ({ directory }: Stack) =>
  `cd ${directory} && echo run >> runs && if [ -e broken ]; then exit 7; fi; kill -USR2 $(cat haproxy.pid)`;
const runs = async ({ directory }: Stack) =>
  (await readFile(join(directory, 'runs'), 'utf8').catch(() => '')).split('\n').length - 1;

describe('with a runtime socket', () => {
  let stack: Stack;
  let ports: number[];
  let haproxy: OwnHaproxy;

  beforeAll(async () => {
    stack = await startStack({ start: false, flags: commandFlags, simulator });
    ports = await stack.freePorts(3);
    await initFor(stack);
    haproxy = await startOwnHaproxy(stack);
    await tell(haproxy, stack);
  });
  afterAll(async () => {
    await stack.close();
    await haproxy.end();
  });

  test('the command brings the apps into service', async () => {
    await stack.startPacer(['--command', reloadCommand(stack)]).ready();
    await stack.marathon.deploy(
      httpApp('/web', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' } }),
    );
    await stack.inStep('/web');
    expect(await statusOf(stack, 'web.example')).toBe(200);
    expect(await stack.status()).toMatchObject({ haproxy: { mode: 'command', inSync: true } });
  });

  test('scaling and redeploying under traffic fails no request', async () => {
    const traffic = createTraffic({
      port: stack.ports.http,
      keepAlive: 6,
      close: 4,
      target: () => ({ host: 'web.example', path: '/' }),
    });
    traffic.start();
    await stack.marathon.scale('/web', 4);
    await stack.inStep('/web');
    await stack.marathon.update('/web', { env: { VERSION: '2' } });
    await stack.inStep('/web');
    await stack.marathon.scale('/web', 2);
    await stack.inStep('/web');
    const { failures, ok } = await traffic.stop();
    expect(failures).toEqual({});
    expect(ok).toBeGreaterThan(0);
  });

  test('a command that fails is tried again as often as told and reported, while the old configuration serves', async () => {
    await writeFile(join(stack.directory, 'broken'), '');
    const before = await runs(stack);
    await stack.marathon.deploy(httpApp('/late', ports[1]!, { labels: { HAPROXY_0_VHOST: 'late.example' } }));
    await stack.until('the failure is reported', async () => (await stack.status()).failure !== null);
    const { ready, failure } = await stack.status();
    expect(ready).toBe(false);
    expect(failure).toMatchObject({ stage: 'apply', message: 'the reload command ended with status 7' });
    // The first try and two more, for each attempt of the daemon.
    expect(await runs(stack)).toBeGreaterThanOrEqual(before + 3);
    expect(await statusOf(stack, 'web.example')).toBe(200);
    expect(await statusOf(stack, 'late.example')).toBe(404);
  });

  test('once the command works again, what is wanted comes into effect', async () => {
    await rm(join(stack.directory, 'broken'));
    await stack.inStep('/late');
    expect(await statusOf(stack, 'late.example')).toBe(200);
    expect((await stack.status()).failure).toBeNull();
  });

  test('a HAProxy that is restarted by somebody else is followed', async () => {
    await haproxy.end();
    haproxy = await startOwnHaproxy(stack);
    await tell(haproxy, stack);
    expect(await statusOf(stack, 'late.example')).toBe(200);
    await stack.marathon.update('/late', {
      labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'later.example' },
    });
    await stack.until(
      'the change is in effect',
      async () => (await statusOf(stack, 'later.example')) === 200,
    );
    await stack.daemon().ready();
  });

  test('when Pacer stops HAProxy goes on, and the next Pacer runs no command where nothing has changed', async () => {
    await stack.inStep('/late');
    expect(await stack.daemon().stop()).toBe(0);
    expect(await statusOf(stack, 'web.example')).toBe(200);
    const before = await runs(stack);
    await stack.startPacer(['--command', reloadCommand(stack)]).ready();
    expect(await runs(stack)).toBe(before);
  });
});

describe('without a runtime socket that Pacer can reach', () => {
  let stack: Stack;
  let ports: number[];
  let haproxy: OwnHaproxy;

  beforeAll(async () => {
    // Below its own working directory HAProxy finds the socket; Pacer, in another one, does not.
    const runtimeSocket = '/proc/self/cwd/haproxy.sock';
    stack = await startStack({
      start: false,
      flags: [...commandFlags, '--haproxy-socket', runtimeSocket],
      simulator,
    });
    ports = await stack.freePorts(2);
    await initFor(stack, { runtimeSocket });
    const elsewhere = join(stack.directory, 'elsewhere');
    await mkdir(elsewhere);
    haproxy = await startOwnHaproxy(stack, elsewhere);
    await tell(haproxy, stack);
    stack.startPacer(['--command', reloadCommand(stack)]);
  });
  afterAll(async () => {
    await stack.close();
    await haproxy.end();
  });

  const answering = async () => {
    const tasks = new Set<string>();
    for (let i = 0; i < 16; i++) tasks.add((await stack.ask({ host: 'web.example' })).json?.task ?? 'none');
    return tasks.size;
  };

  test('the status of the command is taken for what HAProxy does', async () => {
    await stack.marathon.deploy(
      httpApp('/web', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' } }),
    );
    await stack.until('both tasks answer', async () => {
      return (await statusOf(stack, 'web.example')) === 200 && (await answering()) === 2;
    });
    // The new worker answers before the command has ended.
    await stack.until('Pacer says so', async () => (await stack.status()).haproxy.inSync);
    const { failure, haproxy: seen } = await stack.status();
    expect(failure).toBeNull();
    expect(seen).toMatchObject({ running: null });
    await stack.daemon().ready();
  });

  test('one change runs the command once', async () => {
    const before = await runs(stack);
    await stack.marathon.update('/web', { labels: { HAPROXY_GROUP: 'internal' } });
    await stack.until('the app is gone', async () => (await statusOf(stack, 'web.example')) === 404);
    expect(await runs(stack)).toBe(before + 1);
  });

  test('a command that fails is reported, and tried until it works', async () => {
    await writeFile(join(stack.directory, 'broken'), '');
    await stack.marathon.deploy(httpApp('/late', ports[1]!, { labels: { HAPROXY_0_VHOST: 'late.example' } }));
    await stack.until('the failure is reported', async () => (await stack.status()).failure !== null);
    expect((await stack.status()).failure?.message).toBe('the reload command ended with status 7');
    expect(await statusOf(stack, 'late.example')).toBe(404);
    await rm(join(stack.directory, 'broken'));
    await stack.until('the change is in effect', async () => (await statusOf(stack, 'late.example')) === 200);
  });

  test('Pacer ends when it is told, though the command is still to be tried again', async () => {
    await stack.daemon().stop();
    stack.startPacer(['--command', reloadCommand(stack), '--reload-interval', '600']);
    await stack.daemon().ready();
    await writeFile(join(stack.directory, 'broken'), '');
    const before = await runs(stack);
    await stack.marathon.update('/late', { labels: { HAPROXY_GROUP: 'internal' } });
    await stack.until('the command has failed', async () => (await runs(stack)) > before);
    expect(await stack.daemon().stop()).toBe(0);
  });
});
