/** A renewed certificate is served without a reload; one that is broken is never taken. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePem } from '../support/certificate.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let path: string;

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
  await install(await makePem('first'));
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
  await install(await makePem('second'));
  await stack.until('it is served', async () => (await servedName()) === 'second');
  expect((await traffic.stop()).failures).toEqual({});
  expect((await stack.status()).haproxy.running?.reloads).toBe(reloads);
});

test('a broken certificate is named in the status, and the old one is served on', async () => {
  await install('nonsense');
  await stack.until('it is noticed', async () => (await stack.status()).notes.join().includes(path));
  const { failure, notes } = await stack.status();
  expect(failure).toBeNull();
  expect(notes.join()).toContain(
    `certificate ${path}: it holds no certificate; its last good copy stays in use`,
  );
  expect(await servedName()).toBe('second');
  await install(await makePem('third'));
  await stack.until('it is served', async () => (await servedName()) === 'third');
  await stack.until('nothing is said of it any more', async () => (await stack.status()).notes.length === 0);
});
