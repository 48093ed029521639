import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CliSession } from '../../../src/haproxy/cli/cli-session.ts';
import { currentWorkerBatch } from '../../../src/haproxy/cli/current-worker.ts';
import { parseMap } from '../../../src/haproxy/replies/maps.ts';
import { encodeCommand, maxLine } from '../../../src/haproxy/cli/runtime-command.ts';
import { judgeReply } from '../../../src/haproxy/cli/runtime-reply.ts';
import { payloadCommand, runtimeBatch } from '../../../src/haproxy/cli/runtime-socket.ts';
import { runningOf } from '../../../src/haproxy/control/running.ts';
import { fakeSocket, temporaryFolder, testHaproxy } from '../../support/haproxy.ts';

const servers = `backend b
  option httpchk
  server-template t 1-3 127.0.0.1:1 check disabled
  server fixed 127.0.0.1:9
`;

async function started() {
  const haproxy = await testHaproxy();
  const { hash, file } = await haproxy.publish(1, 'one', servers);
  await haproxy.control.start(file, hash);
  return { ...haproxy, hash };
}

test('a batch changes servers and maps, and every reply is judged', async () => {
  const { runtimeSocket } = await started();
  const batch = [
    'set server b/t1 addr 127.0.0.1 port 31001',
    'set server b/t1 state ready',
    'set server b/t1 weight 9999',
    'add server b/n1 127.0.0.1:31002 check inter 10s',
    'enable server b/n1',
    'enable health b/n1',
    'set server b/fixed state maint',
    'del server b/fixed',
    'del server b/t1',
    'set map maps/hosts.map h changed',
    'set map maps/hosts.map nosuch x',
    'bogus command',
    'show version',
  ];
  const replies = await runtimeBatch(runtimeSocket, batch);
  expect(replies.map(({ kind }, index) => `${kind}: ${batch[index] ?? ''}`)).toEqual([
    'ok: set server b/t1 addr 127.0.0.1 port 31001',
    'ok: set server b/t1 state ready',
    'failed: set server b/t1 weight 9999',
    'ok: add server b/n1 127.0.0.1:31002 check inter 10s',
    'ok: enable server b/n1',
    'ok: enable health b/n1',
    'ok: set server b/fixed state maint',
    'ok: del server b/fixed',
    'failed: del server b/t1',
    'ok: set map maps/hosts.map h changed',
    'failed: set map maps/hosts.map nosuch x',
    'failed: bogus command',
    'ok: show version',
  ]);
  expect(replies[3]).toEqual({ kind: 'ok', text: 'New server registered.', severity: 6 });
  expect(replies[8]).toMatchObject({ severity: 3, text: 'Only servers in maintenance mode can be deleted.' });
});

test('commands through the master socket are judged without a severity', async () => {
  const { masterSocket } = await started();
  const batch = [
    'set server b/t1 addr 127.0.0.1 port 31001',
    'set server b/t1 state ready',
    'set server b/nosuch state ready',
    'add server nosuch/n1 127.0.0.1:31002',
    'bogus command',
    'show version',
  ];
  const replies = await runtimeBatch(masterSocket, batch, { master: true, worker: 'current' });
  expect(replies.map(({ kind }) => kind)).toEqual(['ok', 'ok', 'failed', 'failed', 'failed', 'ok']);
  expect(replies.every(({ severity }) => severity === undefined)).toBe(true);
});

test('a map is replaced with payloads, on either socket', async () => {
  const { runtimeSocket, masterSocket, answer } = await started();
  const swap = (lines: string) => [
    'prepare map maps/hosts.map',
    payloadCommand('add map @1 maps/hosts.map', lines),
    'commit map @1 maps/hosts.map',
    'show map maps/hosts.map',
  ];
  const replies = await runtimeBatch(runtimeSocket, swap('h swapped\n\nother two words\n'));
  expect(replies.map(({ kind }) => kind)).toEqual(['ok', 'ok', 'ok', 'ok']);
  expect(parseMap(replies[3]?.text ?? '')).toMatchObject([
    { key: 'h', value: 'swapped' },
    { key: 'other', value: 'two words' },
  ]);
  expect(await answer()).toBe('swapped');
  const again = swap('h again').map((command) =>
    typeof command === 'string'
      ? command.replace('@1', '@2')
      : { ...command, line: command.line.replace('@1', '@2') },
  );
  const viaMaster = await runtimeBatch(masterSocket, again, { master: true, worker: 'current' });
  expect(viaMaster.map(({ kind }) => kind)).toEqual(['ok', 'ok', 'ok', 'ok']);
  expect(await answer()).toBe('again');
});

test('thousands of commands and long replies are transferred completely', async () => {
  const { runtimeSocket } = await started();
  const many = Array.from(
    { length: 2000 },
    (_, n) => `add map maps/hosts.map host-${n}.example.com value-${n}`,
  );
  const replies = await runtimeBatch(runtimeSocket, [...many, 'show map maps/hosts.map']);
  expect(replies.slice(0, -1).every(({ kind, text }) => kind === 'ok' && text === '')).toBe(true);
  expect(parseMap(replies.at(-1)?.text ?? '')).toHaveLength(2001);
});

test('an old worker is reached by its pid, and one that is gone is reported as such', async () => {
  const { masterSocket, control, hash } = await started();
  const { workerPid } = runningOf(await control.running())!;
  const [env] = await runtimeBatch(masterSocket, ['show env PACER_HASH'], {
    master: true,
    worker: workerPid,
  });
  expect(env).toEqual({ kind: 'ok', text: `PACER_HASH=${hash}` });
  // 2.6 says so and closes; 3.x says so and goes on.
  const [gone] = await runtimeBatch(masterSocket, ['show info'], { master: true, worker: 999_999 }).catch(
    (error: unknown) => [{ kind: 'failed', text: String(error) }],
  );
  expect(gone).toMatchObject({
    kind: 'failed',
    text: expect.stringContaining("Can't find the target PID") as string,
  });
});

test.each(['show info; quit', 'show info\nquit', 'show\rinfo', 'nul\0', '', 'add map x <<'])(
  'the command %j is refused before anything is sent',
  async (command) => {
    await expect(runtimeBatch('/nonexistent', [command])).rejects.toBeInstanceOf(TypeError);
  },
);

test('a line may have 8 kB and no more', () => {
  const line = (bytes: number) => `set map m ${'ä'.repeat(5)}`.padEnd(bytes - 5, 'x');
  expect(Buffer.byteLength(encodeCommand(line(maxLine - 1)))).toBe(maxLine);
  expect(() => encodeCommand(line(maxLine))).toThrow(TypeError);
  expect(() => encodeCommand(payloadCommand('add map @1 m', 'k v\n'.repeat(2100)))).toThrow(TypeError);
});

test('an empty batch opens no connection', async () => {
  expect(await runtimeBatch('/nonexistent', [])).toEqual([]);
});

test('a socket without a listener is unreachable, and a path that is too long is refused', async () => {
  const folder = temporaryFolder();
  await writeFile(path.join(folder, 'file'), '');
  await expect(runtimeBatch(path.join(folder, 'none'), ['show info'])).rejects.toMatchObject({
    code: 'HAPROXY_UNREACHABLE',
  });
  await expect(runtimeBatch(path.join(folder, 'file'), ['show info'])).rejects.toMatchObject({
    code: 'HAPROXY_UNREACHABLE',
  });
  await expect(runtimeBatch(`/${'x'.repeat(107)}`, ['show info'])).rejects.toMatchObject({
    code: 'SOCKET_PATH_TOO_LONG',
  });
});

/** A HAProxy that answers `reply(line)` in pieces of `size` characters. */
async function fake(reply: (line: string, socket: Socket) => string | undefined, size = 1_000_000) {
  const socketPath = path.join(temporaryFolder(), 's');
  await fakeSocket(socketPath, (line, socket) => {
    const text = line === 'prompt' ? '\n> ' : reply(line, socket);
    if (text === undefined) return;
    for (let at = 0; at < text.length; at += size)
      setImmediate(() => socket.write(text.slice(at, at + size)));
  });
  return socketPath;
}

test('replies that arrive one character at a time are put together', async () => {
  const socketPath = await fake((line) => (line === 'show x' ? 'a > b\nc> d\n\n> ' : '\n> '), 1);
  expect(await runtimeBatch(socketPath, ['show x', 'show x'])).toEqual([
    { kind: 'ok', text: 'a > b\nc> d' },
    { kind: 'ok', text: 'a > b\nc> d' },
  ]);
});

test('a reply that is cut off is not accepted', async () => {
  const socketPath = await fake((line, socket) => {
    if (line !== 'show x') return '\n> ';
    socket.end('half of i');
    return undefined;
  });
  await expect(runtimeBatch(socketPath, ['show x'])).rejects.toMatchObject({
    code: 'HAPROXY_UNREACHABLE',
    message: `no complete answer from the HAProxy socket ${socketPath}, which said "half of i"`,
  });
});

test('a reply that does not end is abandoned', async () => {
  const endless = await fake((line, socket) => {
    if (line !== 'show x') return '\n> ';
    const flood = setInterval(() => socket.write('help '.repeat(1000)), 1);
    socket.once('close', () => {
      clearInterval(flood);
    });
    return undefined;
  });
  await expect(runtimeBatch(endless, ['show x'], { maxReplyBytes: 20_000 })).rejects.toMatchObject({
    code: 'HAPROXY_UNREACHABLE',
    cause: { message: 'a reply of more than 20000 bytes' },
  });
  const silent = await fake((line) => (line === 'show x' ? undefined : '\n> '));
  await expect(runtimeBatch(silent, ['show x'], { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'HAPROXY_UNREACHABLE',
    cause: { message: 'no answer within 50 ms' },
  });
});

test('a listener that never accepts is abandoned', async () => {
  const silent = path.join(temporaryFolder(), 's');
  await fakeSocket(silent, () => undefined);
  await expect(CliSession.open(silent, { timeoutMs: 30 })).rejects.toMatchObject({
    code: 'HAPROXY_UNREACHABLE',
  });
});

test('an answer of a stopping worker does not count, and the next worker is asked', async () => {
  const sent: string[] = [];
  let connections = 0;
  const socketPath = await fake((line) => {
    if (line.startsWith('set severity')) connections++;
    else sent.push(`${connections} ${line}`);
    if (line === 'set map m k v') return connections < 3 ? 'entry not found.\n> ' : '\n> ';
    return line === 'show info' ? `Pid: 1\nStopping: ${connections < 3 ? 1 : 0}\n\n> ` : '\n> ';
  });
  expect(await currentWorkerBatch(socketPath, ['set map m k v'])).toEqual([{ kind: 'ok', text: '' }]);
  expect(sent.slice(-2)).toEqual(['3 show info', '3 set map m k v']);
});

test('commands before a payload are sent at once, those after it wait for its reply', async () => {
  const { runtimeSocket, answer } = await started();
  const replies = await currentWorkerBatch(runtimeSocket, [
    'show map maps/hosts.map',
    'prepare map maps/hosts.map',
    payloadCommand('add map @1 maps/hosts.map', 'h swapped\n'),
    'commit map @1 maps/hosts.map',
    'set map maps/hosts.map nosuch x',
  ]);
  expect(replies.map(({ kind }) => kind)).toEqual(['ok', 'ok', 'ok', 'ok', 'failed']);
  expect(replies[0]?.text).toContain('h one');
  expect(await answer()).toBe('swapped');
});

test.each([
  [
    'set server b/s addr 1.2.3.4',
    "[4]: no need to change the addr, port changed from '1' to '2' by 'stats socket command'",
    'ok',
  ],
  ['set server b/s addr 1.2.3.4', 'nothing changed', 'ok'],
  ['set server b/s addr x', "[3]: Invalid addr format for 'x'", 'failed'],
  ['set server b/s  state ready', 'No such server.', 'failed'],
  ['add server b/s 1.2.3.4:5', 'Already exists a server with the same name in backend.', 'failed'],
  ['del map f k', 'entry not found.', 'failed'],
  ['prepare map f', '[6]: New version created: 12', 'ok'],
  ['commit ssl cert f', '[4]: Committing f.\nSuccess!\n', 'ok'],
  ['commit ssl cert f', "[3]: Can't commit f!\n", 'failed'],
  ['show env X', '[6]: Unknown command, but maybe', 'failed'],
  ['show anything', 'text', 'ok'],
  ['add map f', '+ + + ', 'ok'],
])('to the command "%s", the reply %j is judged %s', (command, reply, kind) => {
  expect(judgeReply(command, `${reply}\n`).kind).toBe(kind);
});
