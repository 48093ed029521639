import { spawn } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { attachHaproxy } from '../../src/haproxy/control/attach.ts';
import type { HaproxyControl } from '../../src/haproxy/control/control.ts';
import { livingMaster } from '../../src/haproxy/control/presence.ts';
import { isAlive, isFrozen } from '../../src/haproxy/process/proc-fs.ts';
import { masterToSignal } from '../../src/haproxy/control/reload-by-signal.ts';
import { runningOf } from '../../src/haproxy/control/running.ts';
import { superviseHaproxy } from '../../src/haproxy/control/supervise.ts';
import {
  haproxyProgram,
  installedVersion,
  temporaryFolder,
  testHaproxy,
  type TestHaproxy,
  until,
} from '../support/haproxy.ts';
import { createTraffic } from '../support/traffic.ts';

async function started(): Promise<
  TestHaproxy & { masterPid: number; workerPid: number; hash: string; file: string }
> {
  const haproxy = await testHaproxy();
  const { hash, file } = await haproxy.publish(1, 'one');
  await haproxy.control.start(file, hash);
  const { masterPid = 0, workerPid } = runningOf(await haproxy.control.running())!;
  return { ...haproxy, hash, file, masterPid, workerPid };
}

const attached = ({ masterSocket, runtimeSocket }: TestHaproxy): HaproxyControl => {
  const control = attachHaproxy({ masterSocket, runtimeSocket });
  onTestFinished(() => control.detach());
  return control;
};
const nextPacer = ({ stateDir, runtimeSocket }: TestHaproxy): HaproxyControl => {
  const control = superviseHaproxy({
    ...{ program: haproxyProgram, version: installedVersion, runDir: stateDir },
    ...{ runtimeSocket, stopGraceMs: 0 },
  });
  onTestFinished(() => control.stop());
  return control;
};

test.each<[string, (haproxy: TestHaproxy) => HaproxyControl]>([
  ['supervise', ({ control }) => control],
  ['attach', attached],
])(
  '%s: without the master socket, changes and reloads still work, and a reload creates the socket again',
  async (_, make) => {
    const haproxy = await started();
    const { hash, workerPid, masterPid, masterSocket } = haproxy;
    const control = make(haproxy);
    if (control !== haproxy.control) await control.start(haproxy.file, hash);
    const traffic = createTraffic({
      port: haproxy.port,
      ...{ keepAlive: 4, close: 2 },
      target: () => ({ host: 'h', path: '/' }),
    });
    traffic.start();
    await rm(masterSocket);
    expect(runningOf(await control.running())).toMatchObject({ hash, workerPid });
    expect(await control.runtime(['set map maps/hosts.map h changed'])).toMatchObject([{ kind: 'ok' }]);
    expect(await haproxy.answer()).toBe('changed');

    const second = await haproxy.publish(2, 'two');
    expect(await control.reload(second.hash)).toMatchObject({ kind: 'done' });
    expect(await haproxy.answer()).toBe('two');
    expect(runningOf(await control.running())).toMatchObject({ masterPid, hash: second.hash });
    expect((await stat(masterSocket)).isSocket()).toBe(true);
    const { failures, ok } = await traffic.stop();
    expect(failures).toEqual({});
    expect(ok).toBeGreaterThan(0);
  },
);

test('a configuration that HAProxy refuses is reported as such without the master socket', async () => {
  const { control, publish, masterSocket, answer } = await started();
  await rm(masterSocket);
  const bad = await publish(2, 'two', 'bogus\n');
  expect(await control.reload(bad.hash)).toMatchObject({
    kind: 'failed',
    reason: 'HAProxy refused the configuration',
    messages: [{ text: expect.stringContaining('bogus') as string }],
  });
  expect(await answer()).toBe('one');
  const good = await publish(3, 'three');
  expect(await control.reload(good.hash)).toMatchObject({ kind: 'done' });
});

test('a HAProxy without both sockets is silent, and a reload reaches it again', async () => {
  const { control, publish, masterPid, masterSocket, runtimeSocket, answer } = await started();
  await rm(masterSocket);
  await rm(runtimeSocket);
  expect(await control.running()).toEqual({
    kind: 'silent',
    reason: `HAProxy (pid ${masterPid}) runs, but its socket ${masterSocket} was removed`,
    socketsGone: true,
  });
  const second = await publish(2, 'two');
  expect(await control.reload(second.hash)).toMatchObject({ kind: 'done' });
  expect(await answer()).toBe('two');
  expect(runningOf(await control.running())).toMatchObject({ masterPid, hash: second.hash });
  expect(await control.runtime(['set map maps/hosts.map h changed'])).toMatchObject([{ kind: 'ok' }]);
  expect(await answer()).toBe('changed');
});

test('a HAProxy without both sockets answers again, even if nobody reloads', async () => {
  const { control, hash, masterPid, masterSocket, runtimeSocket, answer } = await started();
  await rm(masterSocket);
  await rm(runtimeSocket);
  await until(async () => (await control.running()).kind === 'running');
  expect(runningOf(await control.running())).toMatchObject({ masterPid, hash, reloads: 1 });
  expect(await control.runtime(['set map maps/hosts.map h changed'])).toMatchObject([{ kind: 'ok' }]);
  expect(await answer()).toBe('changed');
});

test('a Pacer that starts adopts a HAProxy whose sockets and pid file were removed', async () => {
  const haproxy = await started();
  const { masterPid, masterSocket, runtimeSocket, stateDir, file, hash } = haproxy;
  haproxy.control.detach();
  for (const gone of [masterSocket, runtimeSocket, path.join(stateDir, 'haproxy.pid')]) await rm(gone);
  const next = nextPacer(haproxy);
  await next.start(file, hash);
  expect(runningOf(await next.running())).toMatchObject({ masterPid, hash });
  expect(await readFile(path.join(stateDir, 'haproxy.pid'), 'utf8')).toBe(`${masterPid}\n`);
  expect(await haproxy.answer()).toBe('one');
});

test('a frozen HAProxy is neither reloaded nor restarted, and the message says how to wake it', async () => {
  const haproxy = await started();
  const { control, masterPid, workerPid, file, hash } = haproxy;
  const next = nextPacer(haproxy);
  for (const pid of [masterPid, workerPid]) process.kill(pid, 'SIGSTOP');
  for (const pid of [masterPid, workerPid]) await until(() => isFrozen(pid));
  try {
    expect(await control.reload(hash)).toMatchObject({
      kind: 'failed',
      reason: `HAProxy (pid ${masterPid}) is frozen; "kill -CONT ${masterPid}" wakes it`,
    });
    await expect(next.start(file, hash)).rejects.toMatchObject({
      code: 'HAPROXY_UNREACHABLE',
      remedy: expect.stringContaining(`kill -CONT ${masterPid}`) as string,
    });
  } finally {
    for (const pid of [masterPid, workerPid]) process.kill(pid, 'SIGCONT');
  }
  await next.start(file, hash);
  expect(runningOf(await next.running())).toMatchObject({ masterPid, workerPid });
});

test('a reload that is cancelled ends at once, and HAProxy continues', async () => {
  const { control, masterPid, publish, answer } = await started();
  const second = await publish(2, 'two');
  const giveUp = new AbortController();
  const reload = control.reload('a hash that never comes', giveUp.signal);
  expect(await control.runtime(['show info'])).toMatchObject([{ kind: 'ok' }]);
  giveUp.abort();
  expect(await reload).toMatchObject({ kind: 'failed', reason: 'Pacer stopped waiting for the reload' });
  expect(runningOf(await control.running())?.masterPid).toBe(masterPid);
  expect(await control.reload(second.hash)).toMatchObject({ kind: 'done' });
  expect(await answer()).toBe('two');
});

test('a HAProxy that is just starting, or another program that names the socket, never gets a signal', async () => {
  const masterSocket = path.join(temporaryFolder(), 'master.sock');
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)', '--', ...args], {
      detached: true,
      stdio: 'ignore',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };
  run('--haproxy-master-socket', masterSocket);
  expect(await livingMaster(masterSocket)).toBeUndefined();
  // It has no handler for the signal that makes HAProxy reload, as a HAProxy that has just been started.
  const starting = run('-S', `${masterSocket},mode,600`);
  await until(async () => (await livingMaster(masterSocket)) === starting.pid);
  expect(await masterToSignal(masterSocket)).toBeUndefined();
  const attachedTo = attachHaproxy({ masterSocket });
  expect(await attachedTo.running()).toEqual({
    kind: 'silent',
    reason: `HAProxy (pid ${starting.pid ?? 0}) runs, and does not answer`,
  });
  await attachedTo.running();
  await attachedTo.running();
  expect(await attachedTo.reload('h')).toMatchObject({ kind: 'failed' });
  expect(await isAlive(starting.pid ?? 0)).toBe(true);
});
