/** Started by root, HAProxy's workers are not root: they have their ports, and reach no file of Pacer's. */
import { spawnSync } from 'node:child_process';
import { readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { makePem } from '../support/certificate.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
afterEach(() => stack.close());

const isRoot = process.getuid?.() === 0;
const idOf = (user: string) => Number(spawnSync('id', ['-u', user], { encoding: 'utf8' }).stdout || NaN);
const canBeAnother = isRoot && idOf('haproxy') > 0;

async function userOf(pid: number): Promise<number> {
  return Number(/^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
const running = async () => (await stack.status()).haproxy.running;
const endpoint = (path: string) => stack.ask({ port: stack.ports.stats, path });

async function serving(flags: readonly string[]): Promise<void> {
  stack = await startStack({ start: false });
  await writeFile(join(stack.directory, 'site.pem'), await makePem('first'), { mode: 0o600 });
  stack.startPacer([...flags, '--reload-spacing', '0', '--ssl-certs', join(stack.directory, 'site.pem')]);
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(httpApp('/web', port, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
  await stack.inStep('/web');
}

describe.skipIf(!canBeAnother)('as root, with a user haproxy', () => {
  test.each([
    ['by default', []],
    ['locked into a folder', ['--haproxy-chroot']],
  ])(
    'workers are that user, %s, and all goes on: requests, changes, reloads, endpoints',
    async (_, flags) => {
      await serving(flags);
      const before = await running();
      expect(await userOf(before?.masterPid ?? 0)).toBe(0);
      expect(await userOf(before?.workerPid ?? 0)).toBe(idOf('haproxy'));
      const root = await readlink(`/proc/${before?.workerPid ?? 0}/root`);
      expect(root === '/').toBe(flags.length === 0);
      const traffic = createTraffic({
        port: stack.ports.http,
        ...{ keepAlive: 4, close: 4 },
        target: () => ({ host: 'web.example', path: '/' }),
      });
      traffic.start();
      await stack.marathon.scale('/web', 3);
      await stack.inStep('/web');
      const [port = 0] = await stack.freePorts(1);
      await stack.marathon.deploy(httpApp('/new', port, { labels: { HAPROXY_0_VHOST: 'new.example' } }));
      await stack.inStep('/new');
      const after = await running();
      expect(after?.workerPid).not.toBe(before?.workerPid);
      expect(await userOf(after?.workerPid ?? 0)).toBe(idOf('haproxy'));
      expect((await stack.ask({ host: 'new.example' })).status).toBe(200);
      expect((await endpoint('/_haproxy_getvhostmap')).text).toContain('web.example');
      expect((await endpoint('/_mlb_signal/usr1')).status).toBe(200);
      expect((await traffic.stop()).failures).toEqual({});
    },
  );

  test('--haproxy-user root keeps it root; a user that there is not is an error that says so', async () => {
    await serving(['--haproxy-user', 'root']);
    expect(await userOf((await running())?.workerPid ?? 0)).toBe(0);
    await stack.daemon().stop();
    await expect(stack.startPacer(['--haproxy-user', 'nobody-here']).ready()).rejects.toThrow(
      '--haproxy-user nobody-here: there is no such user',
    );
  });
});

test('what Pacer writes is for its user and its group alone, and no private key is in a revision', async () => {
  await serving([]);
  const current = join(stack.directory, 'current');
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  expect(await mode(join(current, 'haproxy.cfg'))).toBe('640');
  expect(await mode(join(stack.directory, 'revisions'))).toBe('750');
  const { stdout: keys } = spawnSync('grep', ['-rl', 'PRIVATE KEY', join(stack.directory, 'revisions')], {
    encoding: 'utf8',
  });
  expect(keys).toBe('');
  const open = spawnSync(
    'find',
    [stack.directory, '(', '-type', 'f', '-o', '-type', 's', ')', '-perm', '/007'],
    { encoding: 'utf8' },
  ).stdout.split('\n');
  expect(open.filter((path) => path !== '' && !path.endsWith('.log'))).toEqual([]);
});
