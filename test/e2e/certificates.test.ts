/** A renewed certificate is served without a reload; one that is broken is never taken. */
import { execa } from 'execa';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let path: string;

async function makeCertificate(name: string): Promise<string> {
  const [key, cert] = [join(stack.directory, 'key'), join(stack.directory, 'cert')];
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await execa('openssl', ['req', '-x509', ...options, '-keyout', key, '-out', cert, '-subj', `/CN=${name}`]);
  return (await readFile(cert, 'utf8')) + (await readFile(key, 'utf8'));
}

/** Replaced as certificate tools do it: written aside, then renamed. */
async function install(pem: string): Promise<void> {
  await writeFile(`${path}.new`, pem);
  await rename(`${path}.new`, path);
}

function servedName(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port: stack.ports.https, rejectUnauthorized: false, servername: 'web.example' },
      () => {
        const name = socket.getPeerCertificate().subject.CN ?? '';
        resolve(Array.isArray(name) ? name.join() : name);
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

beforeAll(async () => {
  stack = await startStack({ start: false });
  path = join(stack.directory, 'site.pem');
  await install(await makeCertificate('first'));
  stack.startPacer(['--ssl-certs', path]);
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(httpApp('/web', port, { labels: { HAPROXY_0_VHOST: 'web.example' } }));
  await stack.inStep('/web');
});
afterAll(() => stack.close());

test('the certificate that was named is served', async () => {
  expect(await servedName()).toBe('first');
});

test('a renewed certificate is served without a reload and without a failed request', async () => {
  const reloads = (await stack.status()).haproxy.running?.reloads;
  const traffic = createTraffic({
    port: stack.ports.https,
    tls: true,
    keepAlive: 3,
    close: 2,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
  await install(await makeCertificate('second'));
  await stack.until('it is served', async () => (await servedName()) === 'second');
  expect((await traffic.stop()).failures).toEqual({});
  expect((await stack.status()).haproxy.running?.reloads).toBe(reloads);
});

test('a broken certificate is named in the status, and the old one is served on', async () => {
  await install('nonsense');
  await stack.until(
    'it is noticed',
    async () => (await stack.status()).failure?.message.includes(path) === true,
  );
  expect(await servedName()).toBe('second');
  await install(await makeCertificate('third'));
  await stack.until('it is served', async () => (await servedName()) === 'third');
  expect((await stack.status()).failure).toBeNull();
});
