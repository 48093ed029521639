import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { inTheWay, parseListeners } from '../../../src/haproxy/machine/listeners.ts';
import { listensHere, networkOf } from '../../../src/haproxy/machine/network.ts';
import { isAlive, isFrozen } from '../../../src/haproxy/process/proc-fs.ts';
import { judgePorts, type PortOwner } from '../../../src/haproxy/machine/ports.ts';
import { runningOf } from '../../../src/haproxy/control/running.ts';
import { freePorts, temporaryFolder, testHaproxy, until, type TestHaproxy } from '../../support/haproxy.ts';

const nobody: PortOwner = { ours: {}, network: { kind: 'shared', of: 'self' }, ourRights: true };
const isRoot = process.getuid?.() === 0;

async function hold(host: string): Promise<number> {
  const server = createServer();
  onTestFinished(() => {
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

async function started(): Promise<TestHaproxy & { owner: PortOwner; masterPid: number; workerPid: number }> {
  const haproxy = await testHaproxy();
  const { hash, file } = await haproxy.publish(1, 'one');
  await haproxy.control.start(file, hash);
  const { masterPid = 0, workerPid } = runningOf(await haproxy.control.running())!;
  return {
    ...haproxy,
    owner: { ...nobody, ours: { masterSocket: haproxy.masterSocket } },
    masterPid,
    workerPid,
  };
}

async function freeze(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  // Before HAProxy is stopped, which is what the helper registered earlier does.
  onTestFinished(() => {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  });
  for (const pid of pids) await until(() => isFrozen(pid));
}

test('free ports are reported as free, for each kind of address', async () => {
  const [port = 0] = await freePorts(1);
  const binds = ['*', '127.0.0.1', '::', '::1'].map((address) => ({ address, port }));
  const free = binds.map((bind) => ({ ...bind, verdict: { kind: 'free' } }));
  expect(await judgePorts(binds, nobody)).toEqual(free);
  // And nothing of the attempts is left.
  expect(await judgePorts(binds, nobody)).toEqual(free);
});

test('a port of another process is reported with the process', async () => {
  const port = await hold('127.0.0.1');
  const [taken, other] = await judgePorts(
    [
      { address: '127.0.0.1', port },
      { address: '127.0.0.2', port },
    ],
    nobody,
  );
  const holder = {
    pid: process.pid,
    command: expect.stringContaining('node') as string,
    uid: process.getuid?.(),
  };
  expect(taken).toEqual({ address: '127.0.0.1', port, verdict: { kind: 'other', holder } });
  expect(other?.verdict).toEqual({ kind: 'free' });
});

test('a port is taken on all addresses if it is on one, and on one if it is on all', async () => {
  const one = await hold('127.0.0.1');
  const all = await hold('0.0.0.0');
  const judged = await judgePorts(
    [
      { address: '*', port: one },
      { address: '127.0.0.1', port: all },
    ],
    nobody,
  );
  expect(judged.map(({ verdict }) => verdict.kind)).toEqual(['other', 'other']);
});

test('an address that this machine does not have is refused', async () => {
  const [port = 0] = await freePorts(1);
  expect(await judgePorts([{ address: '192.0.2.1', port }], nobody)).toMatchObject([
    { verdict: { kind: 'refused', reason: 'EADDRNOTAVAIL' } },
  ]);
});

test('an address that is a name without an answer says nothing about the port', async () => {
  const [port = 0] = await freePorts(1);
  expect(await judgePorts([{ address: 'no.such.name.invalid', port }], nobody)).toMatchObject([
    { verdict: { kind: 'unknown' } },
  ]);
});

test.skipIf(isRoot)('a port that this process may not bind is refused', async () => {
  expect(await judgePorts([{ address: '127.0.0.1', port: 1 }], nobody)).toMatchObject([
    { verdict: { kind: 'refused', reason: 'EACCES' } },
  ]);
});

test('a port of our HAProxy is ours even while master and worker are frozen', async () => {
  const { owner, port, masterPid, workerPid } = await started();
  const bind = { address: '127.0.0.1', port };
  expect(await judgePorts([bind], owner)).toEqual([{ ...bind, verdict: { kind: 'ours' } }]);
  await freeze(masterPid, workerPid);
  expect(await judgePorts([bind, { address: '*', port }], owner)).toEqual([
    { ...bind, verdict: { kind: 'ours' } },
    { address: '*', port, verdict: { kind: 'ours' } },
  ]);
});

test('a port that only a frozen old worker has is ours', async () => {
  const { control, publish, owner, workerPid } = await started();
  const [extra = 0] = await freePorts(1);
  const listener = `frontend more\n  bind 127.0.0.1:${extra}\n  http-request return status 200\n`;
  const second = await publish(2, 'two', listener);
  expect(await control.reload(second.hash)).toMatchObject({ kind: 'done' });
  const old = runningOf(await control.running())!.workerPid;
  expect(old).not.toBe(workerPid);
  await freeze(old);
  const third = await publish(3, 'three');
  expect(await control.reload(third.hash)).toMatchObject({ kind: 'done' });
  expect(await judgePorts([{ address: '127.0.0.1', port: extra }], owner)).toMatchObject([
    { verdict: { kind: 'ours' } },
  ]);
});

test('a port of a HAProxy that is not ours belongs to another process', async () => {
  const { port } = await started();
  const ours = { masterSocket: path.join(temporaryFolder(), 'master.sock') };
  const [judged] = await judgePorts([{ address: '127.0.0.1', port }], { ...nobody, ours });
  expect(judged?.verdict).toMatchObject({
    kind: 'other',
    holder: { command: expect.stringContaining('haproxy') as string },
  });
});

test('a port of a HAProxy that somebody else starts may be ours until that HAProxy is found', async () => {
  const { port } = await started();
  const ours = { masterSocket: path.join(temporaryFolder(), 'master.sock') };
  const bind = { address: '127.0.0.1', port };
  const [judged] = await judgePorts([bind], { ...nobody, ours, ourRights: false });
  expect(judged?.verdict.kind).toBe('unknown');
  const [told] = await judgePorts([bind], { ...nobody, ours, ourRights: false, hasNone: true });
  expect(told?.verdict.kind).toBe('other');
});

test('no port is judged if it is not known whether the network is shared', async () => {
  const port = await hold('127.0.0.1');
  const network = await networkOf({ sockets: ['/nowhere/master.sock'] });
  expect(network.kind).toBe('unknown');
  expect(await judgePorts([{ address: '127.0.0.1', port }], { ...nobody, network })).toMatchObject([
    { verdict: { kind: 'unknown' } },
  ]);
});

test('the network is shared with a HAProxy whose process or socket is visible here', async () => {
  const { masterPid, masterSocket } = await started();
  expect(await networkOf({ masterPid, sockets: [] })).toEqual({ kind: 'shared', of: 'self' });
  expect(await networkOf({ sockets: [masterSocket] })).toEqual({ kind: 'shared', of: 'self' });
});

test('a socket whose path is the beginning of another path is not confused with it', async () => {
  const { masterSocket } = await started();
  const table = await readFile('/proc/self/net/unix', 'utf8');
  expect(listensHere(table, masterSocket)).toBe(true);
  expect(listensHere(table, masterSocket.slice(0, -1))).toBe(false);
  expect(listensHere(table, path.dirname(masterSocket))).toBe(false);
});

test.skipIf(!isRoot)('ports of a HAProxy in another network are judged in that network', async () => {
  const own = await hold('127.0.0.1');
  const [port = 0] = await freePorts(1);
  const code = `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('listens'))`;
  const script = `ip link set lo up 2>/dev/null; exec ${process.execPath} -e "${code}"`;
  const child = spawn('unshare', ['-n', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const pid = child.pid ?? 0;
  const network = await networkOf({ masterPid: pid, sockets: [] });
  expect(network).toEqual({ kind: 'other', of: pid });
  const binds = [own, port].map((each) => ({ address: '127.0.0.1', port: each }));
  const judged = await judgePorts(binds, { ...nobody, network });
  expect(judged.map(({ verdict }) => verdict)).toMatchObject([
    { kind: 'free' },
    { kind: 'other', holder: { pid } },
  ]);
  expect(await isAlive(pid)).toBe(true);
});

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1 0 100 0 0 10 0
   1: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4715 1 0 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:1F92 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4716 1 0 100 0 0 10 0`;

test('only listening sockets are read, with address and user', () => {
  expect(parseListeners(`${tcp}\n${tcp6}`)).toEqual([
    { address: '127.0.0.1', port: 8080, uid: 1000, inode: '4711' },
    { address: '0.0.0.0', port: 80, uid: 0, inode: '4713' },
    { address: '::', port: 80, uid: 0, inode: '4714' },
    { address: '::1', port: 8081, uid: 0, inode: '4715' },
    { address: '127.0.0.1', port: 8082, uid: 0, inode: '4716' },
  ]);
});

test.each([
  ['*', 80, ['4713']],
  ['127.0.0.1', 80, ['4713']],
  ['::', 80, ['4713', '4714']],
  ['::1', 80, ['4714']],
  ['127.0.0.1', 8080, ['4711']],
  ['127.0.0.2', 8080, []],
  ['*', 8080, ['4711']],
  ['::1', 8081, ['4715']],
  ['127.0.0.1', 8081, []],
  ['127.0.0.1', 8082, ['4716']],
  ['some.name', 80, ['4713', '4714']],
])('the listeners in the way of %s:%i are found', (address, port, inodes) => {
  const found = inTheWay(parseListeners(`${tcp}\n${tcp6}`), { address, port });
  expect(found.map(({ inode }) => inode)).toEqual(inodes);
});

test('a frozen HAProxy is silent, not absent, and serves again once it is woken', async () => {
  const { control, masterPid, workerPid, answer } = await started();
  await freeze(masterPid, workerPid);
  expect(await control.running()).toEqual({
    kind: 'silent',
    reason: `HAProxy (pid ${masterPid}) is frozen; "kill -CONT ${masterPid}" wakes it`,
  });
  for (const pid of [masterPid, workerPid]) process.kill(pid, 'SIGCONT');
  await until(async () => (await control.running()).kind === 'running');
  expect(await answer()).toBe('one');
});

test('a frozen worker is silent although its master answers', async () => {
  const { control, masterPid, workerPid } = await started();
  await freeze(workerPid);
  expect(await control.running()).toEqual({
    kind: 'silent',
    reason: `the master (pid ${masterPid}) answers, but its worker does not`,
  });
});

test('a frozen master is no obstacle: the worker answers', async () => {
  const { control, masterPid, workerPid } = await started();
  await freeze(masterPid);
  expect(runningOf(await control.running())).toMatchObject({ workerPid });
});
