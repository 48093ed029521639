import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findRunning } from '../../../src/haproxy/control/find-running.ts';
import { isOurs } from '../../../src/haproxy/process/our-processes.ts';
import { isAlive } from '../../../src/haproxy/process/proc-fs.ts';
import { superviseHaproxy } from '../../../src/haproxy/control/supervise.ts';
import { runningOf } from '../../../src/haproxy/control/running.ts';
import { spawnDaemon } from '../../support/daemon.ts';
import { freePorts, haproxyProgram, installedVersion, testHaproxy, until } from '../../support/haproxy.ts';

test('start waits until HAProxy serves the desired revision', async () => {
  const { control, publish, answer } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  expect(await answer()).toBe('one');
  expect(runningOf(await control.running())).toMatchObject({
    hash,
    reloads: 0,
    failedReloads: 0,
    oldWorkers: [],
  });
  expect(control.capabilities().version).toBe(installedVersion.version);
});

test("start fails with HAProxy's message if it refuses the configuration, and leaves no process", async () => {
  const { control, publish, stateDir } = await testHaproxy();
  const { hash, file } = await publish(1, 'one', 'bogus line\n');
  await expect(control.start(file, hash)).rejects.toMatchObject({
    code: 'HAPROXY_START_FAILED',
    message: expect.stringContaining("unknown keyword 'bogus'") as string,
  });
  const pid = Number(await readFile(path.join(stateDir, 'haproxy.pid'), 'utf8'));
  await until(async () => !(await isAlive(pid)));
});

test('a program that ends at once fails the start with its status, without a wait for the deadline', async () => {
  const { stateDir, runtimeSocket, publish } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  const control = superviseHaproxy({
    ...{ program: '/bin/false', version: installedVersion, runDir: stateDir, runtimeSocket },
    ...{ stopGraceMs: 0, startDeadlineMs: 3_600_000 },
  });
  await expect(control.start(file, hash)).rejects.toMatchObject({
    code: 'HAPROXY_START_FAILED',
    message: expect.stringContaining('ended with status 1') as string,
  });
});

test('a program that cannot be run fails the start', async () => {
  const { stateDir, runtimeSocket, publish } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  const control = superviseHaproxy({
    program: '/nonexistent/haproxy',
    version: installedVersion,
    runDir: stateDir,
    runtimeSocket,
    stopGraceMs: 0,
  });
  await expect(control.start(file, hash)).rejects.toMatchObject({ code: 'HAPROXY_START_FAILED' });
});

test('start does not accept a worker that runs another revision', async () => {
  const { stateDir, runtimeSocket, publish } = await testHaproxy();
  const { file } = await publish(1, 'one');
  const control = superviseHaproxy({
    program: haproxyProgram,
    version: installedVersion,
    runDir: stateDir,
    runtimeSocket,
    stopGraceMs: 0,
    startDeadlineMs: 700,
  });
  await expect(control.start(file, 'another')).rejects.toMatchObject({ code: 'HAPROXY_START_FAILED' });
});

test('a daemon killed with -9 leaves HAProxy serving, and the next one adopts it', async () => {
  const { control, stateDir, port, publish, answer, events, runtimeSocket } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  const daemon = await spawnDaemon({
    options: {
      program: haproxyProgram,
      version: installedVersion,
      runDir: stateDir,
      runtimeSocket,
      stopGraceMs: 0,
    },
    configFile: file,
    hash,
  });
  const before = Number(await readFile(path.join(stateDir, 'haproxy.pid'), 'utf8'));
  daemon.kill('SIGKILL');
  await daemon.ended;
  expect(await answer()).toBe('one');

  const next = await publish(2, 'two');
  await control.start(next.file, next.hash);
  expect(events).toEqual([{ kind: 'adopted', masterPid: before, hash }]);
  expect(runningOf(await control.running())).toMatchObject({ masterPid: before, hash });
  expect(await control.reload(next.hash)).toMatchObject({
    kind: 'done',
    workerPid: expect.any(Number) as number,
  });
  expect(await answer()).toBe('two');
  expect(await control.runtime(['show version'])).toMatchObject([{ kind: 'ok' }]);
  expect(port).toBeGreaterThan(0);
});

test('a running HAProxy is adopted even if its pid file is lost', async () => {
  const first = await testHaproxy();
  const { hash, file } = await first.publish(1, 'one');
  await first.control.start(file, hash);
  const { masterPid } = runningOf(await first.control.running())!;
  first.control.detach();
  await writeFile(path.join(first.stateDir, 'haproxy.pid'), '');
  const found = await findRunning({
    masterSocket: first.masterSocket,
    pidFile: path.join(first.stateDir, 'haproxy.pid'),
  });
  expect(found).toMatchObject({ masterPid, hash });
});

test('a HAProxy that was started with another configuration file is not adopted', async () => {
  const { control, publish, stateDir } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  await expect(control.start(path.join(stateDir, 'other.cfg'), hash)).rejects.toMatchObject({
    code: 'HAPROXY_START_FAILED',
    message: expect.stringContaining('another configuration file') as string,
  });
});

test('a stale pid file and a stale socket are removed, even if another process has the pid now', async () => {
  const { control, publish, stateDir, masterSocket, events, answer } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  // This test's own process lives, but is no HAProxy of ours.
  await writeFile(path.join(stateDir, 'haproxy.pid'), `${process.pid}\n`);
  await writeFile(masterSocket, '');
  await control.start(file, hash);
  expect(events.map(({ kind }) => kind)).toEqual(['stale-removed', 'stale-removed', 'started']);
  expect(await answer()).toBe('one');
});

test('the end of a started HAProxy is noticed, with its exit status', async () => {
  const { control, publish } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  const { masterPid = 0, workerPid } = runningOf(await control.running())!;
  const exit = new Promise((resolve) => control.onExit(resolve));
  // [haproxy] a killed worker takes the master along: "exit-on-failure: killing every processes with SIGTERM".
  process.kill(workerPid, 'SIGKILL');
  expect(await exit).toMatchObject({ masterPid, exitCode: 137 });
  expect(await control.running()).toEqual({ kind: 'absent' });
  await control.start(file, hash);
  expect(runningOf(await control.running())).toMatchObject({ hash });
});

test('the end of an adopted HAProxy is noticed', async () => {
  const { control, publish, stateDir, runtimeSocket } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  const adopter = superviseHaproxy({
    program: haproxyProgram,
    version: installedVersion,
    runDir: stateDir,
    runtimeSocket,
    stopGraceMs: 0,
  });
  await adopter.start(file, hash);
  const { masterPid = 0 } = runningOf(await adopter.running())!;
  const exit = new Promise((resolve) => adopter.onExit(resolve));
  process.kill(masterPid, 'SIGKILL');
  expect(await exit).toMatchObject({ masterPid });
});

test('stop ends HAProxy softly, and is not reported as an exit', async () => {
  const { control, publish, events, masterSocket } = await testHaproxy(5_000);
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  const { masterPid = 0, workerPid } = runningOf(await control.running())!;
  let heard = false;
  control.onExit(() => (heard = true));
  await control.stop();
  expect(events.slice(1)).toEqual([{ kind: 'stopping', masterPid, signal: 'SIGUSR1' }]);
  expect(await isOurs(masterPid, masterSocket)).toBe(false);
  await until(async () => !(await isAlive(workerPid)));
  expect(heard).toBe(false);
});

test('stop closes connections that last longer than the grace period', async () => {
  const { control, publish, events } = await testHaproxy(300);
  const [sinkPort = 0, proxyPort = 0] = await freePorts(2);
  const sink = createServer();
  const reached = new Promise((resolve) => sink.once('connection', resolve));
  await new Promise<void>((resolve) => sink.listen(sinkPort, '127.0.0.1', resolve));
  const { hash, file } = await publish(
    1,
    'one',
    `listen long\n  mode tcp\n  bind 127.0.0.1:${proxyPort}\n  server s 127.0.0.1:${sinkPort}\n`,
  );
  await control.start(file, hash);
  const client = connect(proxyPort, '127.0.0.1');
  client.on('error', () => undefined);
  const closed = new Promise((resolve) => client.once('close', resolve));
  await reached;
  await control.stop();
  await closed;
  expect(events.map((event) => (event.kind === 'stopping' ? event.signal : event.kind))).toEqual([
    'started',
    'SIGUSR1',
    'SIGTERM',
  ]);
  await new Promise((resolve) => sink.close(resolve));
});

test('a master that executes itself again at each reload is recognized as ours all the time', async () => {
  const { control, publish, masterSocket } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  const { masterPid = 0 } = runningOf(await control.running())!;
  const enough = new AbortController();
  const looks: boolean[] = [];
  const look = (async () => {
    while (!enough.signal.aborted) looks.push(await isOurs(masterPid, masterSocket));
  })();
  for (let number = 2; number <= 12; number++) {
    const next = await publish(number, `r${number}`);
    expect(await control.reload(next.hash)).toMatchObject({ kind: 'done' });
  }
  enough.abort();
  await look;
  expect(looks.length).toBeGreaterThan(100);
  expect(looks.every(Boolean)).toBe(true);
});
