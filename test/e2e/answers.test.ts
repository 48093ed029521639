/** The commands that ask a running Pacer, and the one that changes it, on a real stack. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask as askUrl } from '../support/ask.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

const program = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
const token = 'a-token-for-end-to-end-tests';
const secret = 'S3cr3t-that-nobody-may-see';
let stack: Stack;
let tokenPath = '';
let port = 0;

beforeAll(async () => {
  stack = await startStack({ start: false });
  tokenPath = join(stack.directory, '..', `pacer-token-${process.pid}`);
  writeFileSync(tokenPath, token, { mode: 0o600 });
  stack.startPacer(['--status-token-file', tokenPath]);
  [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(
    httpApp('/web', port, {
      labels: { HAPROXY_0_VHOST: 'web.example', HAPROXY_0_AUTH: `realm:alice:${secret}` },
    }),
  );
  await stack.inStep('/web');
});
afterAll(() => stack.close());

async function pacer(...args: string[]) {
  const status = ['--status', `http://127.0.0.1:${stack.ports.status}`];
  const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args, ...status], {
    reject: false,
  });
  return { exitCode, stdout, stderr };
}

const revision = async (): Promise<number> => {
  const { stdout } = await pacer('revisions', '--json');
  return (JSON.parse(stdout) as { revision: number }[])[0]?.revision ?? 0;
};

describe('a running Pacer', () => {
  test('tells what it does, which apps there are, and who answers', async () => {
    expect(await pacer('status')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('ready') as string,
    });
    expect((await pacer('apps', 'web')).stdout).toMatch(/\/web +1\/1 +serving +web\.example/);
    const { exitCode, stdout } = await pacer('explain', 'https://WEB.example/x?y');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('/web port 0 serves it, with 1 server');
    expect(stdout).toMatch(/haproxy\.cfg:\d+\n +backend web_\d+/);
    expect((await pacer('explain', 'nobody.example')).exitCode).toBe(1);
  });

  test('says no secret, whatever is asked', async () => {
    const base = `http://127.0.0.1:${stack.ports.status}`;
    const paths = [
      '/',
      '/status',
      '/apps',
      '/apps/web',
      '/revisions',
      '/config',
      '/metrics',
      '/readyz',
      '/diff',
    ];
    for (const path of [...paths, '/explain?q=/web', '/explain?q=web.example', '/nothing']) {
      const { text } = await askUrl(`${base}${path}`);
      expect([path, text.includes(secret), text.includes(token)]).toEqual([path, false, false]);
    }
    // It is there, and so would be seen.
    expect((await askUrl(`${base}/config`)).text).toMatch(/password \*\*\*/);
  });
});

test('a rollback serves what a revision had, with the servers of now, until it is released; a restart keeps it', async () => {
  const good = await revision();
  expect(await pacer('rollback', `${good}`)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--token-file') as string,
  });
  expect((await pacer('rollback', '999', '--token-file', tokenPath)).stderr).toContain(
    'revision 999 is not known',
  );

  await stack.marathon.deploy(httpApp('/web', port, { labels: { HAPROXY_0_VHOST: 'moved.example' } }));
  const status = async (host: string) => (await stack.ask({ host })).status;
  await stack.until('the app has moved', async () => (await status('moved.example')) === 200);

  expect((await pacer('rollback', `${good}`, '--token-file', tokenPath)).stdout).toContain('is pinned');
  // With the password that it had then.
  await stack.until('the host of then is back', async () => (await status('web.example')) === 401);
  expect(await status('moved.example')).toBe(404);
  expect((await pacer('status')).stdout).toContain(`revision ${good} is pinned`);
  const { exitCode, stdout } = await pacer('diff');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^service-changed: web_\d+$/m);
  expect(stdout).toMatch(/^-web\.example web_\d+\n\+moved\.example web_\d+$/m);
  expect(stdout).not.toContain(secret);

  await stack.marathon.deploy(
    httpApp('/web', port, { instances: 3, labels: { HAPROXY_0_VHOST: 'moved.example' } }),
  );
  await stack.inStep('/web');
  expect(await status('web.example')).toBe(401);

  await stack.daemon().stop();
  stack.startPacer(['--status-token-file', tokenPath]);
  await stack.inStep('/web');
  expect([await status('web.example'), await status('moved.example')]).toEqual([401, 404]);

  expect((await pacer('rollback', '--release', '--token-file', tokenPath)).stdout).toContain('is released');
  await stack.until('Marathon counts again', async () => (await status('moved.example')) === 200);
  expect(await status('web.example')).toBe(404);
  expect(await pacer('diff')).toMatchObject({ exitCode: 0, stdout: 'nothing would change' });
});
