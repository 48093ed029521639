import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { holderOf, listeningInodes } from '../../src/haproxy/port-holder.ts';
import { takenPorts } from '../../src/haproxy/ports.ts';
import { runningOf } from '../../src/haproxy/running.ts';
import { freePorts, testHaproxy } from '../support/haproxy.ts';

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

test('free ports are free, on each kind of address', async () => {
  const [port = 0] = await freePorts(1);
  const binds = ['*', '127.0.0.1', '::', '::1'].map((address) => ({ address, port }));
  expect(await takenPorts(binds)).toEqual([]);
  // And nothing of the attempts is left.
  expect(await takenPorts(binds)).toEqual([]);
});

test('a held port is reported with its holder', async () => {
  const port = await hold('127.0.0.1');
  const [taken, ...others] = await takenPorts([
    { address: '127.0.0.1', port },
    { address: '127.0.0.2', port },
  ]);
  expect(taken).toMatchObject({
    address: '127.0.0.1',
    port,
    reason: 'EADDRINUSE',
    holder: { pid: process.pid },
  });
  expect(taken?.holder?.command).not.toBe('');
  expect(others).toEqual([]);
});

test('all addresses are taken where one is, and one where all are', async () => {
  const one = await hold('127.0.0.1');
  const all = await hold('0.0.0.0');
  const taken = await takenPorts([
    { address: '*', port: one },
    { address: '127.0.0.1', port: all },
  ]);
  expect(taken.map(({ reason }) => reason)).toEqual(['EADDRINUSE', 'EADDRINUSE']);
});

test('an address this machine does not have is told as such', async () => {
  const [port = 0] = await freePorts(1);
  expect(await takenPorts([{ address: '192.0.2.1', port }])).toEqual([
    { address: '192.0.2.1', port, reason: 'EADDRNOTAVAIL' },
  ]);
});

test.skipIf(process.getuid?.() === 0)('a port for which there is no right is told as such', async () => {
  expect(await takenPorts([{ address: '127.0.0.1', port: 1 }])).toMatchObject([{ reason: 'EACCES' }]);
});

test('a port nobody holds has no holder', async () => {
  const [port = 0] = await freePorts(1);
  expect(await holderOf(port)).toBeUndefined();
});

test('only sockets that listen count', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0`;
  expect(listeningInodes(table, 8080)).toEqual(['4711']);
  expect(listeningInodes(table, 80)).toEqual(['4713']);
});

test('a port HAProxy holds is reported with HAProxy as the holder', async () => {
  const { control, publish, port } = await testHaproxy();
  const { hash, file } = await publish(1, 'one');
  await control.start(file, hash);
  const [taken] = await takenPorts([{ address: '*', port }]);
  const { masterPid, workerPid } = runningOf(await control.running())!;
  expect([masterPid, workerPid]).toContain(taken?.holder?.pid);
  expect(taken?.holder?.command).toContain('haproxy');
});
