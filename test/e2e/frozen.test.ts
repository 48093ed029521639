/** A HAProxy that is frozen says nothing: nothing is taken from it, and nobody is told that all is well. */
import { afterEach, describe, expect, test } from 'vitest';
import { createTraffic } from '../support/traffic.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
const frozen: number[] = [];

afterEach(async () => {
  for (const pid of frozen.splice(0)) signal(pid, 'SIGCONT');
  await stack.close();
});

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function freeze(...pids: number[]): void {
  for (const pid of pids) signal(pid, 'SIGSTOP');
  frozen.push(...pids);
}

const thaw = () => {
  for (const pid of frozen.splice(0)) signal(pid, 'SIGCONT');
};

async function start(apps: number): Promise<number[]> {
  stack = await startStack({ flags: ['--reload-spacing', '0'] });
  const ports = await stack.freePorts(apps + 1);
  for (let i = 0; i < apps; i++)
    await stack.marathon.deploy(
      httpApp(`/app-${i}`, ports[i]!, { instances: 2, labels: { HAPROXY_0_VHOST: `app-${i}.example` } }),
    );
  for (let i = 0; i < apps; i++) await stack.inStep(`/app-${i}`);
  return ports;
}

const readiness = () => stack.status();

describe('HAProxy, master and worker, frozen for a while, and an app deployed meanwhile', () => {
  test('keeps every service: its ports are its own, whatever it answers', async () => {
    const ports = await start(3);
    const { masterPid, workerPid, reloads } = (await stack.status()).haproxy.running!;
    freeze(masterPid, workerPid);
    await stack.marathon.deploy(httpApp('/late', ports[3]!, { labels: { HAPROXY_0_VHOST: 'late.example' } }));
    await stack.until('Pacer says that HAProxy does not answer', async () => !(await readiness()).ready);
    const traffic = createTraffic({
      ...{ port: stack.ports.http, keepAlive: 2, close: 2 },
      target: (n) => ({ host: `app-${n % 3}.example`, path: '/' }),
    });
    thaw();
    traffic.start();
    await stack.inStep('/late');
    await stack.until(
      'the new app serves',
      async () => (await stack.ask({ host: 'late.example' })).status === 200,
    );
    const { failed, failures, ok } = await traffic.stop();
    expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
    expect(ok).toBeGreaterThan(0);
    const { haproxy, diagnostics } = await stack.status();
    expect(diagnostics).toEqual([]);
    // One reload for the new app, none for a configuration without services.
    expect(haproxy.running!.reloads).toBe(reloads + 1);
  });
});

describe('a frozen worker', () => {
  test('makes the node not ready, and what happened meanwhile is applied when it runs again', async () => {
    await start(1);
    const { workerPid } = (await stack.status()).haproxy.running!;
    freeze(workerPid);
    await stack.marathon.scale('/app-0', 1);
    await stack.until('the node is not ready', async () => !(await readiness()).ready);
    expect((await readiness()).why.join()).toMatch(/HAProxy/);
    thaw();
    await stack.inStep('/app-0');
    await stack.until('the node is ready again', async () => (await readiness()).ready);
    expect((await stack.ask({ host: 'app-0.example' })).status).toBe(200);
  });
});

describe('a frozen master', () => {
  test('keeps no killed task in service: the runtime socket is the worker’s', async () => {
    await start(1);
    const { masterPid } = (await stack.status()).haproxy.running!;
    freeze(masterPid);
    const [killed] = stack.marathon.tasks('/app-0');
    await stack.marathon.kill(killed!.id);
    await stack.inStep('/app-0');
    const answers = await Promise.all(Array.from({ length: 20 }, () => stack.ask({ host: 'app-0.example' })));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.map(({ json }) => json?.task)).not.toContain(killed!.id);
  });
});
