/** A request for another host than its TLS connection was made for: served where the certificate is for it too, else 421. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePem } from '../support/certificate.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { askTls, statusOf } from '../support/tls.ts';

let stack: Stack;
const path = (name: string) => join(stack.directory, name);

/** The status of a request on a TLS connection that was made for a name, or for none. */
const ask = async (sni: string | undefined, host: string): Promise<number> =>
  statusOf(await askTls({ port: stack.ports.https, sni: sni ?? '', host }));

beforeAll(async () => {
  stack = await startStack({ start: false });
  await writeFile(path('shop.pem'), await makePem('old.name.example', ['shop.example', '*.shop.example']));
  await writeFile(path('bank.pem'), await makePem('bank.example'));
  stack.startPacer(['--ssl-certs', `${path('shop.pem')},${path('bank.pem')}`]);
  const [port = 0] = await stack.freePorts(1);
  const hosts =
    'shop.example,a.shop.example,b.shop.example,deep.a.shop.example,bank.example,old.name.example';
  await stack.marathon.deploy(httpApp('/web', port, { labels: { HAPROXY_0_VHOST: hosts } }));
  await stack.inStep('/web');
});
afterAll(() => stack.close());

test.each([
  ['shop.example', 'shop.example', 200],
  ['Shop.Example', 'SHOP.example:443', 200],
  ['shop.example', 'a.shop.example', 200],
  ['a.shop.example', 'b.shop.example', 200],
  ['a.shop.example', 'shop.example', 200],
  ['shop.example', 'deep.a.shop.example', 421],
  ['shop.example', 'bank.example', 421],
  ['bank.example', 'shop.example', 421],
  ['bank.example', 'bank.example', 200],
  ['bank.example', 'nobody.example', 421],
  ['shop.example', 'nobody.shop.example', 404],
  // The common name does not count beside alternative names.
  ['shop.example', 'old.name.example', 421],
  // A host that no certificate is for is served on a connection that was made for it.
  ['old.name.example', 'old.name.example', 200],
  // Clients too old to say a name cannot have made it for another one.
  [undefined, 'bank.example', 200],
])('on a connection for %s a request for %s is answered with %i', async (sni, host, status) => {
  expect(await ask(sni, host)).toBe(status);
});

test('a renewed certificate that is for more hosts counts without a reload', async () => {
  const reloads = (await stack.status()).haproxy.running?.reloads;
  await writeFile(path('new'), await makePem('bank.example', ['bank.example', 'shop.example']));
  await rename(path('new'), path('bank.pem'));
  await stack.until(
    'it is known what it is for',
    async () => (await ask('bank.example', 'shop.example')) === 200,
  );
  expect(await ask('bank.example', 'a.shop.example')).toBe(421);
  expect((await stack.status()).haproxy.running?.reloads).toBe(reloads);
});
