/** Wrong settings and a hostile machine: one clear message that names the thing and the remedy, and exit code 2. */
import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { httpApp, startStack } from '../support/stack.ts';

let directory: string;
let server: Server | undefined;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pacer-bad-'));
});
afterEach(() => {
  server?.close();
  server = undefined;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function run(flags: string[]) {
  const [http, https, appid, stats, status] = await freePorts(5);
  const all = [
    ...[
      'run',
      '--group',
      'external',
      '--marathon',
      'http://127.0.0.1:1',
      '--bind-addr',
      '127.0.0.1',
      '--maxconn',
      '100',
    ],
    ...[
      '--http-port',
      `${http}`,
      '--https-port',
      `${https}`,
      '--appid-port',
      `${appid}`,
      '--stats-port',
      `${stats}`,
    ],
    ...['--status-listen', `127.0.0.1:${status}`, '--state-dir', join(directory, 'state'), ...flags],
  ];
  return execa('node', ['dist/main.js', ...all], { reject: false, timeout: 20_000 });
}

async function held(): Promise<number> {
  server = createServer();
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test.each([
  [
    'HAProxy that is missing',
    ['--haproxy-bin', '/nowhere/haproxy'],
    'HAPROXY_MISSING',
    ['/nowhere/haproxy', 'apt-get install haproxy'],
  ],
  [
    'a program that is no HAProxy',
    ['--haproxy-bin', '/bin/true'],
    'HAPROXY_MISSING',
    ['/bin/true', '--haproxy-bin'],
  ],
  [
    'a certificate that is missing',
    ['--ssl-certs', '/nowhere/cert.pem'],
    'CERTIFICATE_INVALID',
    ['/nowhere/cert.pem', 'private key'],
  ],
  [
    'a certificate that is none',
    ['--ssl-certs', '/etc/hostname'],
    'CERTIFICATE_INVALID',
    ['/etc/hostname', 'no certificate'],
  ],
  [
    'a state directory that cannot be',
    ['--state-dir', '/etc/hostname/pacer'],
    'STATE_DIR_UNWRITABLE',
    ['/etc/hostname/pacer'],
  ],
  [
    'a port that is none',
    ['--http-port', 'eighty'],
    'SETTINGS_INVALID',
    ['--http-port', 'expected a whole number'],
  ],
  [
    'a file of credentials that is missing',
    ['--marathon-auth-credential-file', '/nowhere/auth'],
    'FILE_UNREADABLE',
    ['/nowhere/auth'],
  ],
  [
    'a settings file that is missing',
    ['--config', '/nowhere/pacer.yaml'],
    'FILE_UNREADABLE',
    ['/nowhere/pacer.yaml'],
  ],
])('%s', async (_, flags, code, words) => {
  const { exitCode, stderr } = await run(flags);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`[${code}]`);
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).not.toContain('    at ');
});

test("a port of Pacer's own that somebody holds is named with its holder and the flag", async () => {
  const port = await held();
  const { exitCode, stderr } = await run(['--http-port', `${port}`]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`${port} is held by`);
  expect(stderr).toContain(`pid ${process.pid}`);
  expect(stderr).toContain('--http-port');
});

test('a status address that somebody holds is named with the flag, and HAProxy is not left behind', async () => {
  const port = await held();
  const http = (await freePorts(1))[0] ?? 0;
  const { exitCode, stderr } = await run(['--status-listen', `127.0.0.1:${port}`, '--http-port', `${http}`]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`127.0.0.1:${port} is in use`);
  expect(stderr).toContain('--status-listen');
  await expect(fetch(`http://127.0.0.1:${http}/`)).rejects.toThrow();
});

test('an unknown flag names the nearest known one', async () => {
  const { exitCode, stderr } = await run(['--helth-check']);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('--health-check');
});

test('saved apps that are no JSON, or of another kind, are named with the remedy', async () => {
  const file = join(directory, 'apps.json');
  await writeFile(file, 'no json');
  const render = () => execa('node', ['dist/main.js', 'render', '--apps', file], { reject: false });
  expect((await render()).stderr).toMatch(/is not JSON.*\n.*curl/);
  await writeFile(file, '{"tasks": []}');
  expect((await render()).stderr).toContain('MARATHON_MALFORMED');
  const missing = await execa('node', ['dist/main.js', 'render', '--apps', '/nowhere.json'], {
    reject: false,
  });
  expect(missing.stderr).toContain('/nowhere.json');
  expect(missing.exitCode).toBe(2);
});

test('apps without labels, without ports or without tasks do no harm', async () => {
  const stack = await startStack();
  try {
    const [port = 0] = await stack.freePorts(1);
    await stack.marathon.deploy({
      id: '/bare',
      cmd: 'sleep 1',
      networks: [{ mode: 'host' }],
      portDefinitions: [],
    });
    await stack.marathon.deploy(
      httpApp('/odd-id.v2-x', port, { labels: { HAPROXY_0_VHOST: 'odd_host.example', TEAM: 'ä"#\n$x' } }),
    );
    await stack.inStep('/odd-id.v2-x');
    expect((await stack.ask({ host: 'odd_host.example' })).json?.app).toBe('/odd-id.v2-x');
    expect((await stack.status()).diagnostics).toEqual([]);
  } finally {
    await stack.close();
  }
});
