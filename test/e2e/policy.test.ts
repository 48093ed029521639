/** The policy file while Pacer runs: what it forbids is rejected alone, and a change of the file is followed under traffic. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic, type Traffic } from '../support/traffic.ts';

let stack: Stack;
let traffic: Traffic;
const policy = (text: string) => writeFile(join(stack.directory, 'policy.yaml'), text);
const status = async (host: string) => (await stack.ask({ host })).status;
const notes = async () => {
  const { text } = await stack.ask({ port: stack.ports.status, path: '/status' });
  return JSON.parse(text) as { notes: string[]; policy: { prefixes: string[]; problem?: string } };
};

beforeAll(async () => {
  stack = await startStack({ start: false });
  await policy('/tenant: { vhosts: ["*.tenant.example"] }\n');
  stack.startPacer(['--policy', join(stack.directory, 'policy.yaml'), '--reload-spacing', '0']);
  const [one = 0, two = 0, three = 0] = await stack.freePorts(3);
  const app = (id: string, port: number, host: string) =>
    stack.marathon.deploy(httpApp(id, port, { labels: { HAPROXY_0_VHOST: host } }));
  await app('/web', one, 'www.example');
  await app('/tenant/good', two, 'good.tenant.example');
  await app('/tenant/greedy', three, 'bank.example');
  for (const id of ['/web', '/tenant/good']) await stack.inStep(id);
  traffic = createTraffic({
    port: stack.ports.http,
    ...{ keepAlive: 4, close: 4 },
    target: () => ({ host: 'www.example', path: '/' }),
  });
  traffic.start();
});
afterAll(() => stack.close());

test('what it forbids is not served, and said with what is allowed; the others are', async () => {
  expect(await status('bank.example')).toBe(404);
  expect(await status('good.tenant.example')).toBe(200);
  const { diagnostics } = await stack.status();
  expect(diagnostics.map(({ text }) => text)).toEqual([
    '/tenant/greedy HAPROXY_0_VHOST: the policy for /tenant does not allow bank.example; use what it allows (*.tenant.example), or ask the operator',
  ]);
});

test('a change of the file is followed: what it allows comes, what it forbids goes', async () => {
  await policy('/tenant: { vhosts: [bank.example] }\n');
  await stack.until('the new policy counts', async () => (await status('bank.example')) === 200);
  await stack.until('for the other too', async () => (await status('good.tenant.example')) === 404);
});

test('a file that cannot be read changes nothing, and is reported until it is corrected', async () => {
  await policy('/tenant: { vhost: [good.tenant.example] }\n');
  await stack.until('it is said', async () => (await notes()).notes.length > 0);
  expect((await notes()).notes.join()).toContain('vhost is not a key of a policy, did you mean vhosts?');
  expect(await status('bank.example')).toBe(200);
  await policy('/tenant: {}\n');
  await stack.until('all are allowed', async () => (await status('good.tenant.example')) === 200);
  expect(await notes()).toMatchObject({ notes: [], policy: { prefixes: ['/tenant'] } });
});

test('nobody else lost a request meanwhile', async () => {
  const { ok, failures } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(20);
});
