/** State directories with unusual paths, and a machine without /proc. */
import { spawn, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { signal } from '../../src/haproxy/process/proc-fs.ts';
import { livingMaster } from '../../src/haproxy/control/presence.ts';
import { masterSocketOf } from '../support/own-haproxy.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
afterEach(() => stack.close());

const web = (port: number) =>
  httpApp('/web', port, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' } });

test('where the state directory has a blank in its path, changes need no reload', async () => {
  stack = await startStack({ folder: 'a b', flags: ['--reload-spacing', '0'] });
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(web(port));
  await stack.inStep('/web');
  await stack.daemon().ready();
  const { workerPid, reloads } = (await stack.status()).haproxy.running!;
  await stack.marathon.scale('/web', 4);
  await stack.inStep('/web');
  // A complete pass, certificates and maps included.
  await stack.marathon.update('/web', {
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: 'new.example' },
  });
  await stack.until(
    'the new host is served',
    async () => (await stack.ask({ host: 'new.example' })).status === 200,
  );
  expect((await stack.status()).haproxy.running).toMatchObject({ workerPid, reloads });
  expect((await stack.status()).failure).toBeNull();
  expect((await stack.ask({ host: 'new.example' })).status).toBe(200);
});

test.each([
  ['d'.repeat(80), /the socket path .* has \d+ bytes; HAProxy accepts at most 97.*--state-dir/s],
  ['a,b', /the socket path .* contains a comma.*--state-dir/s],
])(
  'a state directory whose sockets HAProxy cannot have (%s) is an error that names it',
  async (folder, message) => {
    stack = await startStack({ start: false, folder });
    await expect(stack.startPacer().ready()).rejects.toThrow(message);
  },
);

const canHide =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/proc']).status === 0;

describe.skipIf(!canHide)('without /proc', () => {
  test('HAProxy is followed, changed and really stopped', async () => {
    stack = await startStack({ start: false });
    const flags = [
      ...['run', '--marathon', stack.marathon.url, '--group', 'external', '--health-check'],
      ...['--state-dir', stack.directory, '--bind-addr', '127.0.0.1', '--maxconn', '500'],
      ...['--http-port', stack.ports.http, '--https-port', stack.ports.https].map(String),
      ...['--appid-port', stack.ports.appid, '--stats-port', stack.ports.stats].map(String),
      ...['--status-listen', `127.0.0.1:${stack.ports.status}`, '--stop-delay', '0'],
    ];
    const program = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
    const script = 'mount -t tmpfs none /proc && exec "$@"';
    const child = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', process.execPath, program, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [port = 0] = await stack.freePorts(1);
    await stack.marathon.deploy(web(port));
    const served = () =>
      stack.ask({ host: 'web.example' }).then(
        ({ status }) => status === 200,
        () => false,
      );
    try {
      await stack.until(() => `the app is served: ${said.slice(-2000)}`, served);
      const master = Number(await readFile(join(stack.directory, 'run', 'haproxy.pid'), 'utf8'));
      expect(await livingMaster(masterSocketOf(stack))).toBe(master);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(await livingMaster(masterSocketOf(stack))).toBeUndefined();
      expect(said).not.toContain('HAProxy has ended');
    } finally {
      child.kill('SIGKILL');
      const left = await livingMaster(masterSocketOf(stack));
      if (left !== undefined) signal(left, 'SIGKILL');
    }
  });
});
