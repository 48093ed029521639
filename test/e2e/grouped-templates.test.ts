/** An operator's templates of grouped HTTPS, as marathon-lb has them: in effect, and no way around a client certificate. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority, makePem } from '../support/certificate.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { askTls } from '../support/tls.ts';

let stack: Stack;
let client: { cert: string; key: string };

const templates: Readonly<Record<string, string>> = {
  HAPROXY_HTTPS_GROUPED_FRONTEND_HEAD: `
frontend marathon_https_in
  bind *:{port}
  mode tcp
  tcp-request inspect-delay 5s
  tcp-request content accept if { req_ssl_hello_type 1 }
`,
  HAPROXY_HTTPS_GROUPED_VHOST_FRONTEND_ACL: '  use_backend {backend} if {{ req_ssl_sni -i {host} }}\n',
  HAPROXY_HTTPS_GROUPED_VHOST_BACKEND_HEAD: `
backend {name}
  server loopback-for-tls abns@{name} send-proxy-v2
`,
  HAPROXY_HTTPS_GROUPED_VHOST_FRONTEND_HEAD: `
frontend {name}
  mode http
  bind abns@{name} accept-proxy ssl {sslCerts}{bindOpts}
  http-request set-header X-Vhost {name}
`,
};

const ask = (sni: string, host: string, options: ConnectionOptions = {}): Promise<string> =>
  askTls({ port: stack.ports.https, sni, host, options });

beforeAll(async () => {
  stack = await startStack({ start: false });
  const path = (name: string) => join(stack.directory, name);
  const authority = await makeAuthority('own clients');
  client = await authority.issue('client');
  for (const name of ['usual', 'private']) await writeFile(path(`${name}.pem`), await makePem(name));
  await writeFile(path('clients.pem'), authority.cert);
  await mkdir(path('templates'));
  for (const [name, text] of Object.entries(templates))
    await writeFile(path(`templates/${name}`), text.replace('{port}', String(stack.ports.https)));
  stack.startPacer([
    ...['--group-https-by-vhost', '--ssl-certs', path('usual.pem'), '--templates', path('templates')],
  ]);
  const [one = 0, two = 0] = await stack.freePorts(2);
  await stack.marathon.deploy(httpApp('/common', one, { labels: { HAPROXY_0_VHOST: 'common.example' } }));
  await stack.marathon.deploy(
    httpApp('/private', two, {
      labels: {
        HAPROXY_0_VHOST: 'private.example',
        HAPROXY_0_SSL_CERT: path('private.pem'),
        HAPROXY_0_BIND_OPTIONS: `ca-file ${path('clients.pem')} verify required`,
      },
    }),
  );
  for (const app of ['/common', '/private']) await stack.inStep(app);
});
afterAll(() => stack.close());

test('lines of the operator reach the app, on the vhost of all and on one with its own TLS', async () => {
  expect(await ask('common.example', 'common.example')).toContain('"x-vhost":"pacer_tls_common"');
  expect(await ask('private.example', 'private.example', client)).toMatch(
    /"x-vhost":"pacer_tls_private_\d+"/,
  );
});

test('a client without a certificate is still refused, and nobody gets around it by another name', async () => {
  await expect(ask('private.example', 'private.example')).rejects.toThrow();
  expect(await ask('common.example', 'private.example')).toMatch(/^HTTP\/1\.1 421 /);
});
