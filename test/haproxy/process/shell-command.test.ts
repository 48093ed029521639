import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { commandHaproxy } from '../../../src/haproxy/control/command.ts';
import type { HaproxyEvent } from '../../../src/haproxy/control/events.ts';
import { isAlive, isFrozen, signal } from '../../../src/haproxy/process/proc-fs.ts';
import { runShell } from '../../../src/haproxy/process/shell-command.ts';
import { haproxyProgram, temporaryFolder, testHaproxy, until } from '../../support/haproxy.ts';

/** What a child of the command has noted as its pid; ended with the test. */
async function pidIn(file: string): Promise<number> {
  await until(async () => (await readFile(file, 'utf8').catch(() => '')).endsWith('\n'));
  const pid = Number(await readFile(file, 'utf8'));
  onTestFinished(() => signal(pid, 'SIGKILL'));
  return pid;
}

test('a command is over when its process has ended, and a child that still has its output open survives', async () => {
  const file = `${temporaryFolder()}/child`;
  const result = await runShell(`sleep 150 & echo $! > ${file}; echo said; exit 3`, { deadlineMs: 60_000 });
  expect(result).toEqual({ kind: 'ended', exitCode: 3, exitSignal: null, output: 'said\n' });
  expect(await isAlive(await pidIn(file))).toBe(true);
});

test('a command that hangs in a child is ended together with the child', async () => {
  const folder = temporaryFolder();
  const hanging = `sh -c 'echo $$ > ${folder}/middle; sh -c "echo \\$\\$ > ${folder}/inner; exec sleep 150"; true'; true`;
  const running = runShell(hanging, { deadlineMs: 1_500 });
  const pids = [await pidIn(`${folder}/middle`), await pidIn(`${folder}/inner`)];
  expect((await running).kind).toBe('late');
  await until(async () => !(await isAlive(pids[0]!)) && !(await isAlive(pids[1]!)));
});

test('a child that ignores SIGTERM is killed', async () => {
  const file = `${temporaryFolder()}/child`;
  const stubborn = `trap '' TERM; echo $$ > ${file}; while true; do sleep 1; done`;
  const running = runShell(stubborn, { deadlineMs: 500 });
  const pid = await pidIn(file);
  expect((await running).kind).toBe('late');
  await until(async () => !(await isAlive(pid)));
});

test('a HAProxy that the command has started is not ended with the command', async () => {
  const { publish } = await testHaproxy();
  const { file } = await publish(1, 'one');
  const pidFile = `${temporaryFolder()}/haproxy`;
  const running = runShell(`${haproxyProgram} -W -f ${file} & echo $! > ${pidFile}; wait`, {
    deadlineMs: 1_500,
  });
  const pid = await pidIn(pidFile);
  expect((await running).kind).toBe('late');
  expect(await isAlive(pid)).toBe(true);
  // Before the folder with its configuration goes: a master that is killed leaves no worker behind.
  signal(pid, 'SIGTERM');
  await until(async () => !(await isAlive(pid)));
});

test('a command is ended by the signal', async () => {
  const file = `${temporaryFolder()}/child`;
  const giveUp = new AbortController();
  const running = runShell(`echo $$ > ${file}; sleep 150; true`, {
    deadlineMs: 60_000,
    signal: giveUp.signal,
  });
  const pid = await pidIn(file);
  giveUp.abort();
  expect((await running).kind).toBe('aborted');
  await until(async () => !(await isAlive(pid)));
});

test('the end of a very long output is kept', async () => {
  const flood = 'i=0; while [ $i -lt 3000 ]; do printf "%0100d\\n" $i; i=$((i+1)); done; echo the end';
  const { output } = await runShell(flood, { deadlineMs: 60_000 });
  expect(output.length).toBeLessThanOrEqual(64 * 1024);
  expect(output.endsWith('the end\n')).toBe(true);
});

test('runtime changes continue while a reload command hangs, and the reload can be cancelled', async () => {
  const haproxy = await testHaproxy();
  const { file, hash } = await haproxy.publish(1, 'one');
  await haproxy.control.start(file, hash);
  const begun = `${temporaryFolder()}/begun`;
  const control = commandHaproxy({
    command: `echo $$ > ${begun}; sleep 150; true`,
    runtimeSocket: haproxy.runtimeSocket,
    ...{ maxReloadRetries: 10, retryIntervalMs: 10 },
  });
  const giveUp = new AbortController();
  const reload = control.reload('wanted', giveUp.signal);
  await pidIn(begun);
  expect(await control.runtime(['set map maps/hosts.map h changed'])).toMatchObject([{ kind: 'ok' }]);
  expect(await haproxy.answer()).toBe('changed');
  expect((await control.running()).kind).toBe('running');
  giveUp.abort();
  expect(await reload).toMatchObject({
    kind: 'failed',
    reason: 'Pacer stopped waiting for the reload command',
  });
});

test('a command that takes long is reported while it runs', async () => {
  const events: HaproxyEvent[] = [];
  const control = commandHaproxy({
    ...{ command: 'sleep 6', maxReloadRetries: 0, retryIntervalMs: 10, deadlineMs: 60_000 },
    log: (event) => events.push(event),
  });
  expect(await control.reload('h')).toMatchObject({ kind: 'done' });
  expect(events).toEqual([{ kind: 'command-slow', attempt: 1, ms: 5_000, deadlineMs: 60_000 }]);
});

test('command: a HAProxy that cannot be asked is blind, one that answered before and still runs is silent, one that ended is absent', async () => {
  const options = { command: 'true', maxReloadRetries: 0, retryIntervalMs: 1 };
  expect(await commandHaproxy(options).running()).toEqual({ kind: 'blind' });
  const haproxy = await testHaproxy();
  const { file, hash } = await haproxy.publish(1, 'one');
  const { runtimeSocket } = haproxy;
  const control = commandHaproxy({ ...options, runtimeSocket });
  expect(await control.running()).toEqual({ kind: 'blind' });
  await haproxy.control.start(file, hash);
  const { running } = (await control.running()) as { running: { workerPid: number } };
  process.kill(running.workerPid, 'SIGSTOP');
  await until(() => isFrozen(running.workerPid));
  expect(await control.running()).toMatchObject({ kind: 'silent' });
  process.kill(running.workerPid, 'SIGCONT');
  await haproxy.control.stop();
  expect(await control.running()).toEqual({ kind: 'absent' });
});
