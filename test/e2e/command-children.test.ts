/** A reload command that leaves a child behind, or hangs: neither keeps other changes from coming into effect. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isAlive, signal } from '../../src/haproxy/process/proc-fs.ts';
import { initFor, startOwnHaproxy, type OwnHaproxy } from '../support/own-haproxy.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let haproxy: OwnHaproxy;
afterEach(async () => {
  await stack.close();
  await haproxy.end();
});

test('a child that keeps the output of the command open holds nothing up', async () => {
  stack = await startStack({ start: false, flags: ['--reload-spacing', '0'] });
  await initFor(stack);
  haproxy = await startOwnHaproxy(stack);
  await writeFile(join(stack.directory, 'haproxy.pid'), `${haproxy.masterPid}\n`);
  const children = join(stack.directory, 'children');
  const command = `sleep 150 & echo $! >> ${children}; kill -USR2 $(cat ${stack.directory}/haproxy.pid)`;
  const [first = 0, second = 0] = await stack.freePorts(2);
  try {
    await stack.startPacer(['--command', command]).ready();
    for (const [name, port] of [
      ['one', first],
      ['two', second],
    ] as const) {
      await stack.marathon.deploy(
        httpApp(`/${name}`, port, { labels: { HAPROXY_0_VHOST: `${name}.example` } }),
      );
      await stack.inStep(`/${name}`);
      expect((await stack.ask({ host: `${name}.example` })).status).toBe(200);
    }
    // What the command has left on purpose is not Pacer's to end.
    const pids = (await readFile(children, 'utf8')).trim().split('\n').map(Number);
    for (const pid of pids) expect(await isAlive(pid)).toBe(true);
  } finally {
    const pids = (await readFile(children, 'utf8').catch(() => ''))
      .trim()
      .split('\n')
      .filter((it) => it !== '');
    for (const pid of pids) signal(Number(pid), 'SIGKILL');
  }
});
