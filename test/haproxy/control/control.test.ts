import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { attachHaproxy } from '../../../src/haproxy/control/attach.ts';
import { commandHaproxy } from '../../../src/haproxy/control/command.ts';
import type { HaproxyControl } from '../../../src/haproxy/control/control.ts';
import type { HaproxyEvent } from '../../../src/haproxy/control/events.ts';
import { runningOf } from '../../../src/haproxy/control/running.ts';
import { installedVersion, temporaryFolder, testHaproxy, type TestHaproxy } from '../../support/haproxy.ts';

/** Reloads as an operator's script would, through the master socket. Node stands for socat, which may be missing. */
const reloadCommand = (masterSocket: string) =>
  `${process.execPath} -e 'require("node:net").connect(process.argv[1]).end("reload\\n").resume()' ${masterSocket}`;

const ways: readonly [string, (haproxy: TestHaproxy) => HaproxyControl][] = [
  ['supervise', ({ control }) => control],
  ['attach', ({ masterSocket, runtimeSocket }) => attachHaproxy({ masterSocket, runtimeSocket })],
  ['attach without a runtime socket', ({ masterSocket }) => attachHaproxy({ masterSocket })],
  [
    'command',
    ({ masterSocket, runtimeSocket }) =>
      commandHaproxy({
        command: reloadCommand(masterSocket),
        runtimeSocket,
        maxReloadRetries: 0,
        retryIntervalMs: 10,
      }),
  ],
];

test.each(ways)('%s: HAProxy is read, changed at runtime, reloaded, and left running', async (_, make) => {
  const haproxy = await testHaproxy();
  const first = await haproxy.publish(1, 'one');
  await haproxy.control.start(first.file, first.hash);
  const control = make(haproxy);
  if (control !== haproxy.control) await control.start(first.file, first.hash);

  const before = runningOf(await control.running());
  expect(before).toMatchObject({ hash: first.hash, oldWorkers: [], failedReloads: 0 });
  expect(control.capabilities().version).toBe(installedVersion.version);
  expect(
    await control.runtime(['set map maps/hosts.map h changed', 'set map maps/hosts.map no x']),
  ).toMatchObject([{ kind: 'ok', text: '' }, { kind: 'failed' }]);
  expect(await haproxy.answer()).toBe('changed');

  const second = await haproxy.publish(2, 'two');
  const result = await control.reload(second.hash);
  const after = runningOf(await control.running());
  expect(result).toMatchObject({ kind: 'done', workerPid: after?.workerPid });
  expect(after?.hash).toBe(second.hash);
  expect(after?.workerPid).not.toBe(before?.workerPid);
  expect(await haproxy.answer()).toBe('two');

  const bad = await haproxy.publish(3, 'three', 'bogus\n');
  if (control.mode !== 'command') expect(await control.reload(bad.hash)).toMatchObject({ kind: 'failed' });
  expect(await haproxy.answer()).toBe('two');
  control.detach();
  expect(await haproxy.answer()).toBe('two');
});

test('attach waits for a HAProxy that is started later, up to the deadline', async () => {
  const haproxy = await testHaproxy();
  const { file, hash } = await haproxy.publish(1, 'one');
  const attached = attachHaproxy({ masterSocket: haproxy.masterSocket });
  onTestFinished(() => attached.detach());
  const waiting = attached.start(file, hash);
  await haproxy.control.start(file, hash);
  await waiting;
  const nobody = attachHaproxy({ masterSocket: path.join(temporaryFolder(), 'm'), startDeadlineMs: 30 });
  await expect(nobody.start(file, hash)).rejects.toMatchObject({ code: 'HAPROXY_UNREACHABLE' });
  expect(await nobody.running()).toEqual({ kind: 'absent' });
});

test('attach notices that HAProxy has ended', async () => {
  const haproxy = await testHaproxy();
  const { file, hash } = await haproxy.publish(1, 'one');
  await haproxy.control.start(file, hash);
  const attached = attachHaproxy({ masterSocket: haproxy.masterSocket });
  onTestFinished(() => attached.detach());
  await attached.start(file, hash);
  const masterPid = runningOf(await attached.running())?.masterPid;
  const exit = new Promise((resolve) => attached.onExit(resolve));
  await haproxy.control.stop();
  expect(await exit).toEqual({ masterPid });
});

test('a reload command that fails is repeated, as often as configured', async () => {
  const folder = temporaryFolder();
  const events: HaproxyEvent[] = [];
  const command = `echo x >> ${folder}/runs; test $(wc -l < ${folder}/runs) -ge 3`;
  const options = { command, retryIntervalMs: 1, log: (event: HaproxyEvent) => events.push(event) };
  expect(await commandHaproxy({ ...options, maxReloadRetries: 1 }).reload('h')).toMatchObject({
    kind: 'failed',
    reason: 'the reload command ended with status 1',
  });
  expect(events).toHaveLength(2);
  await writeFile(`${folder}/runs`, '');
  expect(await commandHaproxy({ ...options, maxReloadRetries: 5 }).reload('h')).toMatchObject({
    kind: 'done',
  });
  expect(events.map((event) => event.kind === 'command-failed' && event.attempt)).toEqual([1, 2, 1, 2]);
});

test('the output of a reload command is searched for HAProxy messages', async () => {
  const command = 'echo "[ALERT]    (1) : config : parsing [/c:5] : bad" >&2; exit 1';
  expect(
    await commandHaproxy({ command, maxReloadRetries: 0, retryIntervalMs: 1 }).reload('h'),
  ).toMatchObject({
    kind: 'failed',
    messages: [{ file: '/c', line: 5, text: 'bad' }],
  });
});

test('a reload command that succeeds counts as failed if HAProxy runs something else', async () => {
  const haproxy = await testHaproxy();
  const { file, hash } = await haproxy.publish(1, 'one');
  await haproxy.control.start(file, hash);
  const { runtimeSocket } = haproxy;
  const control = commandHaproxy({
    command: 'true',
    runtimeSocket,
    maxReloadRetries: 0,
    retryIntervalMs: 1,
    deadlineMs: 100,
  });
  expect(await control.reload('wanted')).toMatchObject({
    kind: 'failed',
    reason: `the reload command succeeded, but HAProxy runs ${hash}, not wanted`,
  });
});

test('a reload command that hangs is ended', async () => {
  const control = commandHaproxy({
    command: 'exec sleep 60',
    maxReloadRetries: 0,
    retryIntervalMs: 1,
    deadlineMs: 50,
  });
  expect(await control.reload('h')).toMatchObject({
    kind: 'failed',
    reason: 'the reload command took longer than 50 ms',
  });
  await expect(control.runtime(['show info'])).rejects.toMatchObject({ code: 'HAPROXY_UNREACHABLE' });
});
