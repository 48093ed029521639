/** Pacer started as marathon-lb's image is started: the same words, flags and variables. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { makePem } from '../support/certificate.ts';
import { initFor, masterSocketOf, startOwnHaproxy } from '../support/own-haproxy.ts';
import { httpApp, startStack, type Stack, type StackOptions } from '../support/stack.ts';

let stack: Stack | undefined;
afterEach(async () => {
  await stack?.close();
  stack = undefined;
});

async function start(options: StackOptions): Promise<Stack> {
  stack = await startStack(options);
  return stack;
}

const program = join(import.meta.dirname, '..', '..', 'dist', 'main.js');

/** Runs Pacer to its end. */
function pacer(args: readonly string[], environment: Record<string, string> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = { ...process.env, ...environment };
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1,
        stdout,
        stderr,
      });
    });
  });
}

/** The name of the certificate that HTTPS answers with. */
function servedName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test.each(['run sse', 'sse'])('`%s` follows the events', async (words) => {
  const { marathon, freePorts, daemon, inStep, ask, status } = await start({
    command: words.split(' '),
    // marathon-lb's own flags, as its package for DC/OS passes them on.
    flags: [
      '--haproxy-map',
      '--max-reload-retries',
      '10',
      '--reload-interval',
      '10',
      '--lru-cache-capacity',
      '1000',
    ],
  });
  const [port = 0] = await freePorts(1);
  await daemon().ready();
  await marathon.deploy(httpApp('/web', port, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
  await inStep('/web');
  expect((await ask({ host: 'web.example' })).status).toBe(200);
  expect((await status()).marathon).toMatchObject({ connected: true });
});

test('`poll` asks Marathon every POLL_INTERVAL seconds and attaches no event stream', async () => {
  const { marathon, freePorts, daemon, inStep, ask } = await start({
    command: ['poll'],
    environment: { POLL_INTERVAL: '0.2' },
  });
  const [port = 0] = await freePorts(1);
  await daemon().ready();
  await marathon.deploy(httpApp('/web', port, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' } }));
  await inStep('/web');
  await marathon.scale('/web', 1);
  await inStep('/web');
  expect((await ask({ host: 'web.example' })).status).toBe(200);
  const view = (await daemon().get('/status')) as { marathon: { connected: boolean; events: object } };
  expect(view.marathon).toMatchObject({ connected: true, events: {} });
});

test('a mode that there is not ends at once and says what there is', async () => {
  const { code, stderr } = await pacer(['run', 'stream', '--group', 'external']);
  expect(code).toBe(2);
  expect(stderr).toContain('pacer run poll');
});

test("the load balancer's own app, FRAMEWORK_NAME, is not exposed", async () => {
  const { marathon, freePorts, daemon, inStep, ask } = await start({
    environment: { FRAMEWORK_NAME: 'infra/lb', PORTS: '9090,9091' },
  });
  const [own = 0, other = 0] = await freePorts(2);
  await marathon.deploy(httpApp('/infra/lb', own, { labels: { HAPROXY_0_VHOST: 'lb.example' } }));
  await marathon.deploy(httpApp('/web', other, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
  await daemon().ready();
  await inStep('/web');
  expect((await ask({ host: 'web.example' })).status).toBe(200);
  expect((await ask({ host: 'lb.example' })).status).toBe(404);
});

test('a certificate in HAPROXY_SSL_CERT serves HTTPS, and is readable for Pacer alone', async () => {
  const { daemon, directory, ports } = await start({
    environment: { HAPROXY_SSL_CERT5: (await makePem('given.example')).replaceAll('\n', '\\n') },
  });
  await daemon().ready();
  expect(await servedName(ports.https)).toBe('given.example');
  expect((await stat(join(directory, 'certificates', 'cert5.pem'))).mode & 0o777).toBe(0o600);
  const environ = await readFile(`/proc/${await worker()}/environ`, 'utf8');
  expect(environ).not.toContain('HAPROXY_SSL_CERT');
});

const worker = async () => (await stack!.status()).haproxy.running?.workerPid ?? 0;

describe('--dry', () => {
  test('prints the configuration for what Marathon says now, and touches nothing', async () => {
    const { marathon, freePorts, directory } = await start({ start: false });
    const [port = 0] = await freePorts(1);
    await marathon.deploy(
      httpApp('/web', port, { labels: { HAPROXY_0_VHOST: 'web.example', HAPROXY_0_MOD: 'tcp' } }),
    );
    await marathon.running('/web', 1);
    const state = join(directory, 'untouched');
    const args = ['sse', '--dry', '-m', marathon.url, '--group', 'external', '--state-dir', state];
    const { code, stdout, stderr } = await pacer(args);
    expect(code).toBe(0);
    expect(stdout).toContain(`backend web_${port}\n`);
    expect(stdout).toContain(`# ---- domain2backend.map\nweb.example web_${port}\n`);
    expect(stderr).toContain('HAPROXY_0_MOD');
    await expect(stat(state)).rejects.toThrow('ENOENT');
  });

  test('fails where there is no Marathon', async () => {
    const { code, stderr } = await pacer([
      'run',
      'sse',
      '-d',
      '-m',
      'http://127.0.0.1:1',
      '--group',
      'external',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('MARATHON_UNREACHABLE');
  });
});

test('--longhelp tells of flags, variables and labels, without a group', async () => {
  const { code, stdout } = await pacer(['--longhelp']);
  expect(code).toBe(0);
  for (const word of [
    '--marathon',
    '--skip-validation',
    'HAPROXY_SSL_CERT0',
    'POLL_INTERVAL',
    'HAPROXY_{n}_VHOST',
  ]) {
    expect(stdout).toContain(word);
  }
  expect((await pacer(['sse', '--longhelp'])).stdout).toBe(stdout);
});

test('a HAProxy that was started with the file of --haproxy-config is reloaded with what is written there', async () => {
  const it = await start({ start: false });
  const elsewhere = join(it.directory, 'etc', 'haproxy.cfg');
  await mkdir(join(it.directory, 'etc'));
  await copyFile('/dev/null', elsewhere);
  await initFor(it, { haproxyConfig: elsewhere });
  const haproxy = await startOwnHaproxy(it, '/', elsewhere);
  try {
    const daemon = it.startPacer([
      ...['--haproxy-config', elsewhere, '--haproxy-mode', 'attach', '--reload-spacing', '0'],
      ...['--haproxy-master-socket', masterSocketOf(it)],
    ]);
    await daemon.ready();
    const [port = 0] = await it.freePorts(1);
    await it.marathon.deploy(httpApp('/web', port, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
    await it.inStep('/web');
    expect((await it.ask({ host: 'web.example' })).status).toBe(200);
    await it.marathon.scale('/web', 2);
    await it.inStep('/web');
    await it.until('the copy has both servers', async () => {
      const servers = (await readFile(elsewhere, 'utf8')).match(/^ {2}server 127/gm) ?? [];
      return servers.length === 2;
    });
    expect((await it.status()).haproxy.running?.masterPid).toBe(haproxy.masterPid);
  } finally {
    await haproxy.end();
  }
});
