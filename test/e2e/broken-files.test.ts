/** Certificates and other files of TLS that are broken, deleted, half written or replaced, with traffic and handshakes. */
import { appendFile, rename, rm, unlink, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { makePem } from '../support/certificate.ts';
import { opensslAuthority } from '../support/openssl.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { askTls, statusOf } from '../support/tls.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
afterEach(() => stack.close());

const inFolder = (name: string) => join(stack.directory, name);

async function startWith(more: readonly string[], prepare: () => Promise<void>): Promise<number[]> {
  stack = await startStack({ start: false });
  await prepare();
  stack.startPacer(['--reload-spacing', '0', ...more.map((word) => word.replace('DIR', stack.directory))]);
  const ports = await stack.freePorts(3);
  await stack.marathon.deploy(
    httpApp('/web', ports[0]!, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' } }),
  );
  await stack.inStep('/web');
  return ports;
}

/** Resolves with what a client is shown in the handshake. */
function peer(port: number, servername = 'web.example'): Promise<DetailedPeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      { host: '127.0.0.1', port, rejectUnauthorized: false, servername },
      () => {
        resolve(socket.getPeerCertificate(true));
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

const servedName = async (port: number, servername?: string) =>
  String((await peer(port, servername)).subject.CN);

const webTraffic = () =>
  createTraffic({
    port: stack.ports.http,
    keepAlive: 3,
    close: 2,
    target: () => ({ host: 'web.example', path: '/' }),
  });

const said = async () => (await stack.status()).notes.join('\n');

const about = async (app: string) =>
  (await stack.status()).diagnostics.filter(({ appId }) => appId === app).map(({ text }) => text);

/** A task is killed and its successor serves: events are still followed. */
async function replaceTask(): Promise<void> {
  await stack.marathon.scale('/web', 1);
  await stack.inStep('/web');
  await stack.marathon.scale('/web', 2);
  await stack.inStep('/web');
}

describe('files of --ssl-certs', () => {
  test('one that is broken costs only itself: tasks are followed, and its last good copy serves, after a restart too', async () => {
    await startWith(['--ssl-certs', 'DIR/certs'], async () => {
      await mkdir(inFolder('certs'));
      await writeFile(inFolder('certs/a.pem'), await makePem('first', ['web.example']));
      await writeFile(inFolder('certs/b.pem'), await makePem('second', ['second.example']));
    });
    const traffic = webTraffic();
    traffic.start();
    const keyless = (await makePem('keyless', ['keyless.example'])).replace(
      /-----BEGIN [A-Z ]*PRIVATE[^]*/,
      '',
    );
    await writeFile(inFolder('certs/keyless.pem'), keyless);
    await writeFile(inFolder('certs/b.pem'), '');
    await stack.until(
      'both are said',
      async () =>
        /keyless\.pem.*\n.*|b\.pem/.test(await said()) && (await said()).includes('b.pem: it is empty'),
    );
    expect(await said()).toContain(
      `certificate ${inFolder('certs/keyless.pem')}: it holds no private key; it is left out`,
    );
    expect(await said()).toContain(
      `certificate ${inFolder('certs/b.pem')}: it is empty; its last good copy stays in use`,
    );
    await replaceTask();
    expect(await servedName(stack.ports.https)).toBe('first');
    expect(await servedName(stack.ports.https, 'second.example')).toBe('second');
    expect((await traffic.stop()).failures).toEqual({});

    await stack.daemon().stop();
    await rm(inFolder('certs'), { recursive: true });
    await stack.startPacer(['--ssl-certs', inFolder('certs')]).ready();
    expect(await servedName(stack.ports.https, 'second.example')).toBe('second');
    expect(await said()).toContain(
      `--ssl-certs ${inFolder('certs')}: it does not exist; the last good copies stay in use`,
    );
  });

  test('a self-signed certificate that is emptied, and its copy deleted, is made anew, and tasks are followed meanwhile', async () => {
    await startWith([], () => Promise.resolve());
    const before = (await peer(stack.ports.https)).fingerprint;
    const traffic = webTraffic();
    traffic.start();
    await writeFile(inFolder('certificates/self-signed.pem'), '');
    await replaceTask();
    expect((await peer(stack.ports.https)).fingerprint).toBe(before);
    await rm(inFolder('certificates/copies'), { recursive: true });
    await replaceTask();
    await stack.until('it is made anew', async () => (await peer(stack.ports.https)).fingerprint !== before);
    await stack.until('nothing fails', async () => (await stack.status()).failure === null);
    expect((await traffic.stop()).failures).toEqual({});
  });

  test('a new intermediate for the same certificate is served, without a reload', async () => {
    let site: { cert: string; key: string } = { cert: '', key: '' };
    let authority: ReturnType<typeof opensslAuthority> | undefined;
    let first = '';
    await startWith(['--ssl-certs', 'DIR/site.pem'], async () => {
      authority = opensslAuthority(inFolder('authority'), 'root');
      first = authority.intermediate('middle');
      site = authority.issueBelow('web.example');
      await writeFile(inFolder('site.pem'), site.cert + first + site.key);
    });
    const serialOf = (pem: string) => new X509Certificate(pem).serialNumber;
    const served = async () => (await peer(stack.ports.https)).issuerCertificate.serialNumber;
    expect(await served()).toBe(serialOf(first));
    const reloads = (await stack.status()).haproxy.running?.reloads;
    const second = authority!.intermediate('middle');
    await writeFile(inFolder('site.pem'), site.cert + second + site.key);
    await stack.until('it is served', async () => (await served()) === serialOf(second));
    expect((await stack.status()).haproxy.running?.reloads).toBe(reloads);
  });
});

describe('files that labels name', () => {
  test('a certificate that is half written or deleted changes nothing: its port and its host serve on, through reloads too', async () => {
    const ports = await startWith([], async () => {
      await writeFile(inFolder('app.pem'), await makePem('first'));
    });
    const path = inFolder('app.pem');
    await stack.marathon.deploy(
      httpApp('/tls', ports[1]!, { labels: { HAPROXY_0_VHOST: 'tls.example', HAPROXY_0_SSL_CERT: path } }),
    );
    await stack.inStep('/tls');
    const own = createTraffic({ port: ports[1]!, tls: true, keepAlive: 2, close: 2 });
    const plain = createTraffic({
      ...{ port: stack.ports.http, keepAlive: 2, close: 2 },
      target: () => ({ host: 'tls.example', path: '/' }),
    });
    own.start();
    plain.start();

    const renewed = await makePem('second');
    const half = renewed.indexOf('-----BEGIN', 1) + 60;
    await writeFile(path, renewed.slice(0, half));
    await stack.until('it is said', async () => (await about('/tls')).length > 0);
    expect((await about('/tls')).join()).toMatch(
      /HAPROXY_0_SSL_CERT: certificate .*app\.pem: it ends within a \w*\s?PRIVATE KEY; its last good copy stays in use/,
    );
    // A reload for another reason.
    await stack.marathon.deploy(httpApp('/other', ports[2]!));
    await stack.inStep('/other');
    expect(await servedName(ports[1]!)).toBe('first');

    await appendFile(path, renewed.slice(half));
    await stack.until('the renewed one is served', async () => (await servedName(ports[1]!)) === 'second');
    await stack.until('nothing is said of it any more', async () => (await about('/tls')).length === 0);

    await unlink(path);
    await stack.until('it is said', async () => (await about('/tls')).join().includes('it does not exist'));
    await stack.daemon().stop('SIGKILL');
    await stack.startPacer(['--reload-spacing', '0']).ready();
    await stack.marathon.remove('/other');
    await stack.until('it is gone', async () => (await stack.status()).haproxy.inSync);
    expect(await servedName(ports[1]!)).toBe('second');
    expect((await own.stop()).failures).toEqual({});
    expect((await plain.stop()).failures).toEqual({});
  });

  test('a revocation list that is replaced is applied: the client it names is kept out', async () => {
    let authority: ReturnType<typeof opensslAuthority> | undefined;
    const ports = await startWith([], async () => {
      authority = opensslAuthority(inFolder('authority'), 'clients');
      await writeFile(inFolder('ca.pem'), authority.cert);
      await writeFile(inFolder('crl.pem'), authority.revoke());
      await writeFile(inFolder('app.pem'), await makePem('app'));
    });
    const [client, other] = [authority!.issue('client'), authority!.issue('other')];
    const options = `ca-file ${inFolder('ca.pem')} crl-file ${inFolder('crl.pem')} verify required`;
    await stack.marathon.deploy(
      httpApp('/mutual', ports[1]!, {
        labels: { HAPROXY_0_SSL_CERT: inFolder('app.pem'), HAPROXY_0_BIND_OPTIONS: options },
      }),
    );
    await stack.inStep('/mutual');
    const asks = (who: { cert: string; key: string }) =>
      askTls({ port: ports[1]!, sni: '', host: 'mutual.example', options: who }).then(
        statusOf,
        () => 'refused',
      );
    await stack.until('clients are served', async () => (await asks(client)) === 200);
    expect(await asks(other)).toBe(200);

    await writeFile(inFolder('crl.new'), authority!.revoke(client.cert));
    await rename(inFolder('crl.new'), inFolder('crl.pem'));
    await stack.until('the revoked client is refused', async () => (await asks(client)) === 'refused');
    expect(await asks(other)).toBe(200);

    await writeFile(inFolder('crl.pem'), 'nonsense');
    await stack.until('it is said', async () => (await about('/mutual')).length > 0);
    expect((await about('/mutual')).join()).toContain(
      'it holds no revocation list; its last good copy stays in use',
    );
    expect([await asks(client), await asks(other)]).toEqual(['refused', 200]);
  });
});

test('a policy that is broken and templates that are gone at a restart are the last good ones, and a notice', async () => {
  const prepare = async () => {
    await mkdir(inFolder('templates'));
    await writeFile(
      inFolder('templates/HAPROXY_BACKEND_HTTP_OPTIONS'),
      '  http-response set-header X-Operator here\n',
    );
    await writeFile(inFolder('policy.yaml'), '/tenant: { vhosts: ["*.tenant.example"] }\n');
  };
  const flags = ['--templates', 'DIR/templates', '--policy', 'DIR/policy.yaml'];
  const ports = await startWith(flags, prepare);
  await stack.marathon.deploy(
    httpApp('/tenant/greedy', ports[1]!, { labels: { HAPROXY_0_VHOST: 'bank.example' } }),
  );
  const asked = async () => {
    const { status, headers } = await stack.ask({ host: 'web.example' });
    return [status, headers['x-operator'], (await stack.ask({ host: 'bank.example' })).status];
  };
  await stack.until('it is rejected', async () => (await about('/tenant/greedy')).length > 0);
  expect(await asked()).toEqual([200, 'here', 404]);

  await stack.daemon().stop();
  await rm(inFolder('templates'), { recursive: true });
  await writeFile(inFolder('policy.yaml'), '/tenant: { vhosts: [');
  await stack.startPacer(flags.map((word) => word.replace('DIR', stack.directory))).ready();
  await stack.until('it serves', async () => (await stack.status()).haproxy.inSync);
  expect(await asked()).toEqual([200, 'here', 404]);
  expect(await said()).toMatch(/templates .*ENOENT.*; Pacer uses the last good templates/);
  expect(await said()).toContain('the previous policy is in force: --policy');
});
