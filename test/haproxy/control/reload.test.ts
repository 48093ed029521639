import { existsSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { attachHaproxy } from '../../../src/haproxy/control/attach.ts';
import type { HaproxyEvent } from '../../../src/haproxy/control/events.ts';
import type { MasterState } from '../../../src/haproxy/cli/master-socket.ts';
import { sendReload } from '../../../src/haproxy/cli/master-socket.ts';
import { judgeAgainst, reloadHaproxy } from '../../../src/haproxy/control/reload.ts';
import { runningOf } from '../../../src/haproxy/control/running.ts';
import { fakeSocket, freePorts, testHaproxy, temporaryFolder, until } from '../../support/haproxy.ts';
import { createTraffic } from '../../support/traffic.ts';

test('50 reloads in a row lose no request of kept or closed connections', async () => {
  const { control, publish, port } = await testHaproxy();
  const first = await publish(0, 'r0');
  await control.start(first.file, first.hash);
  const traffic = createTraffic({ port, keepAlive: 20, close: 10, target: () => ({ host: 'h', path: '/' }) });
  traffic.start();
  for (let number = 1; number <= 50; number++) {
    const { hash } = await publish(number, `r${number}`);
    expect(await control.reload(hash)).toMatchObject({ kind: 'done' });
  }
  const { ok, failed, failures } = await traffic.stop();
  expect(failures).toEqual({});
  expect(failed).toBe(0);
  expect(ok).toBeGreaterThan(50);
  expect(runningOf(await control.running())).toMatchObject({ reloads: 50, failedReloads: 0 });
});

test("a reload fails with HAProxy's message if it refuses the configuration, and the old one stays in service", async () => {
  const { control, publish, answer } = await testHaproxy();
  const first = await publish(1, 'one');
  await control.start(first.file, first.hash);
  const { workerPid } = runningOf(await control.running())!;
  const bad = await publish(2, 'two', 'bogus line\n');
  const result = await control.reload(bad.hash);
  expect(result).toMatchObject({ kind: 'failed', reason: 'HAProxy refused the configuration' });
  expect(result.kind === 'failed' && result.messages).toMatchObject([
    { severity: 'alert', file: bad.file, line: 17, text: expect.stringContaining("'bogus'") as string },
  ]);
  expect(await answer()).toBe('one');
  expect(runningOf(await control.running())).toMatchObject({ hash: first.hash, workerPid, failedReloads: 1 });

  const good = await publish(3, 'three');
  expect(await control.reload(good.hash)).toMatchObject({ kind: 'done' });
  expect(await answer()).toBe('three');
  expect(runningOf(await control.running())).toMatchObject({ hash: good.hash, failedReloads: 0 });
});

test('a reload that cannot bind a port fails, and the old configuration stays in service', async () => {
  const { control, publish, answer } = await testHaproxy();
  const first = await publish(1, 'one');
  await control.start(first.file, first.hash);
  const [port = 0] = await freePorts(1);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const taken = await publish(2, 'two', `listen taken\n  bind 127.0.0.1:${port}\n`);
  const result = await control.reload(taken.hash);
  other.close();
  expect(result.kind === 'failed' && result.messages[0]).toMatchObject({
    proxy: 'taken',
    text: expect.stringContaining('Address already in use') as string,
  });
  expect(await answer()).toBe('one');
});

test('a reload is not done while the new worker answers with another revision', async () => {
  const { control, publish } = await testHaproxy();
  const first = await publish(1, 'one');
  await control.start(first.file, first.hash);
  expect(await control.reload('wanted')).toMatchObject({
    kind: 'failed',
    reason: `the new worker runs ${first.hash}, not wanted`,
  });
});

test('a reload requested during another reload succeeds', async () => {
  const { control, publish, masterSocket, answer } = await testHaproxy();
  // Enough to parse that the master refuses connections for a while.
  const many = Array.from({ length: 1500 }, (_, n) => `backend b${n}\n  server s 127.0.0.1:9\n`).join('');
  const first = await publish(1, 'one', many);
  await control.start(first.file, first.hash);
  const next = await publish(2, 'two', many);
  const foreign = sendReload(masterSocket, 20_000);
  expect(await control.reload(next.hash)).toMatchObject({ kind: 'done' });
  expect(await answer()).toBe('two');
  // And no reload is left in the queue that would take this away again.
  expect(await control.runtime(['set map maps/hosts.map h kept'])).toEqual([{ kind: 'ok', text: '' }]);
  await foreign;
  expect(await answer()).toBe('kept');
});

test('a HAProxy that somebody else started is reloaded over its master socket', async () => {
  const { control, publish, masterSocket, runtimeSocket, answer } = await testHaproxy();
  const first = await publish(1, 'one');
  await control.start(first.file, first.hash);
  const attached = attachHaproxy({ masterSocket, runtimeSocket });
  await attached.start(first.file, first.hash);
  const next = await publish(2, 'two');
  expect(await attached.reload(next.hash)).toMatchObject({ kind: 'done' });
  expect(await answer()).toBe('two');
  await attached.stop();
  expect(await answer()).toBe('two');
});

test('a reload fails at the deadline if the master does not answer', async () => {
  const masterSocket = path.join(temporaryFolder(), 'm.sock');
  expect(await reloadHaproxy({ masterSocket, desiredHash: 'x', deadlineMs: 50 })).toMatchObject({
    kind: 'failed',
    reason: `the master socket ${masterSocket} does not answer`,
    messages: [],
  });
});

test('a reload continues although the master cuts off replies meanwhile', async () => {
  const masterSocket = path.join(temporaryFolder(), 'm.sock');
  let reloads = 0;
  let asked = 0;
  await fakeSocket(masterSocket, (line, socket) => {
    if (line === 'prompt') socket.write('\nmaster> ');
    else if (line === 'reload') {
      reloads++;
      socket.end();
    } else if (line === 'show proc') {
      const text = `#<PID> <type> <reloads> <uptime> <version>\n1 master ${reloads} [failed: 0] 0d00h00m01s 2.6.12\n# workers\n${10 + reloads} worker 0 0d00h00m01s\n\nmaster> `;
      // After the reload: nothing, half a line, then whole answers in two pieces.
      asked += reloads;
      if (reloads === 0 || asked > 3) {
        socket.write(text.slice(0, 50));
        setTimeout(() => socket.write(text.slice(50)), 5);
      } else socket.end(asked === 1 ? '' : text.slice(0, 60));
    } else if (line.includes('show env')) socket.write(`PACER_HASH=hash${reloads}\n\nmaster> `);
  });
  expect(await reloadHaproxy({ masterSocket, desiredHash: 'hash1', deadlineMs: 10_000 })).toMatchObject({
    kind: 'done',
    workerPid: 11,
  });
  await until(() => asked > 3);
});

test('a reload is requested again if the master refuses the connection', async () => {
  const masterSocket = path.join(temporaryFolder(), 'm.sock');
  let reloads = 0;
  let refused = false;
  const answer = (line: string, socket: Socket) => {
    if (line === 'prompt') socket.write('\nmaster> ');
    else if (line === 'reload') {
      reloads++;
      socket.end();
    } else if (line === 'show proc') {
      socket.write(
        `1 master ${reloads} [failed: 0] 0d00h00m01s 2.6.12\n# workers\n${10 + reloads} worker 0 0d00h00m01s\n\nmaster> `,
      );
    } else {
      // The whole state has been read: from now on nobody listens, for a while, as while 2.6 parses.
      if (!refused) server.close();
      refused = true;
      socket.write(`PACER_HASH=hash${reloads}\n\nmaster> `);
    }
  };
  const server = await fakeSocket(masterSocket, answer);
  const events: HaproxyEvent[] = [];
  const log = (event: HaproxyEvent) => {
    events.push(event);
  };
  const reloading = reloadHaproxy({ masterSocket, desiredHash: 'hash1', log });
  await until(() => refused && !existsSync(masterSocket));
  await fakeSocket(masterSocket, answer);
  expect(await reloading).toMatchObject({ kind: 'done', workerPid: 11 });
  expect(events).toEqual([{ kind: 'reload-resent', reason: 'the master socket refused the connection' }]);
});

const state = (
  reloads: number,
  failed: number,
  workers: number[],
  hash?: string,
  old: number[] = [],
): MasterState => ({
  master: { pid: 1, reloads, failed, uptimeSeconds: 1, version: '3.4.0' },
  workers: workers.map((pid) => ({ pid, reloads: 0, uptimeSeconds: 1 })),
  oldWorkers: old.map((pid) => ({ pid, reloads: 1, uptimeSeconds: 1 })),
  hash,
  workerAnswers: hash !== undefined,
});

test.each([
  ['nothing has happened yet', [state(4, 0, [10], 'old')], undefined],
  ['3.1 and later count the reload when it begins', [state(5, 0, [10], 'old')], undefined],
  [
    'the new worker answers with the wanted hash',
    [state(5, 0, [11], 'new', [10])],
    { kind: 'done', oldWorkers: 1 },
  ],
  ['it failed (2.6: the old worker stays)', [state(5, 1, [10], 'old')], { kind: 'failed' }],
  ['it failed (3.4: the old worker is listed as old)', [state(5, 1, [], 'old', [10])], { kind: 'failed' }],
  ['a worker that does not answer yet', [state(5, 0, [11], undefined)], undefined],
  [
    'another reload came first, then ours',
    [state(5, 0, [11], 'x'), state(6, 0, [12], 'new')],
    { kind: 'done' },
  ],
])('the verdict when %s', (_, states, verdict) => {
  const judge = judgeAgainst(state(4, 0, [10], 'old'), 'new');
  const last = states.map((each) => judge(each, 0)).at(-1);
  if (verdict === undefined) expect(last).toBeUndefined();
  else expect(last).toMatchObject(verdict);
});

test('a runtime command right after a reload reaches the new worker', async () => {
  const { control, publish, answer } = await testHaproxy();
  const first = await publish(0, 'r0');
  await control.start(first.file, first.hash);
  for (let number = 1; number <= 15; number++) {
    const { hash } = await publish(number, `r${number}`);
    await control.reload(hash);
    expect(await control.runtime([`set map maps/hosts.map h runtime${number}`])).toEqual([
      { kind: 'ok', text: '' },
    ]);
    expect(await answer()).toBe(`runtime${number}`);
  }
});
