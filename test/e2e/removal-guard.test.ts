/** Most servers gone at once: they serve on until Marathon says so twice, or somebody agrees. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;

afterEach(() => stack.close());

const token = 'a-token-of-the-tests';

interface Told {
  readonly withheldRemoval: { readonly servers: number; readonly of: { readonly servers: number } } | null;
  readonly servers: number;
  readonly notes: string[];
}

const told = async () => (await stack.status()) as unknown as Told;

/** Two apps, of which the large one goes while Marathon is out of reach: only a snapshot tells. */
async function loseTheLargeOne(flags: readonly string[]): Promise<void> {
  stack = await startStack({ start: false });
  const file = join(stack.directory, 'tokens');
  await writeFile(file, `${token}\n`, { mode: 0o640 });
  stack.startPacer(['--stream-timeout', '1', '--status-token-file', file, ...flags]);
  const [large = 0, small = 0] = await stack.freePorts(2);
  const labels = { HAPROXY_0_VHOST: 'large.example' };
  await stack.marathon.deploy(httpApp('/large', large, { instances: 12, labels }));
  await stack.marathon.deploy(httpApp('/small', small, { instances: 2 }));
  await stack.inStep('/large');
  await stack.inStep('/small');
  await stack.marathon.stop();
  await stack.marathon.remove('/large');
  await stack.marathon.scale('/small', 3);
  await stack.marathon.resume();
  await stack.until('it is held', async () => (await told()).withheldRemoval !== null);
}

const servers = (count: number) =>
  stack.until(`${count} servers`, async () => (await told()).servers === count);

const approve = (authorization: string) =>
  fetch(`http://127.0.0.1:${stack.ports.status}/approve`, { method: 'POST', headers: { authorization } });

test('what is held stays, what is new is served, and an operator with the token lets it go', async () => {
  await loseTheLargeOne(['--removal-pause', '3600']);
  await servers(15);
  const { withheldRemoval: held, notes } = await told();
  expect(held).toMatchObject({ servers: 12, of: { servers: 14 } });
  expect(notes.join()).toContain('12 of 14 servers');
  const metrics = (await stack.ask({ port: stack.ports.status, path: '/metrics' })).text;
  expect(metrics).toMatch(/^pacer_withheld_servers 12$/m);
  expect((await approve('Bearer not-the-token-at-all')).status).toBe(401);
  expect((await told()).withheldRemoval).not.toBeNull();
  const answer = await approve(`Bearer ${token}`);
  expect(answer.status).toBe(200);
  await servers(3);
  expect((await told()).withheldRemoval).toBeNull();
  expect((await approve(`Bearer ${token}`)).status).toBe(409);
});

test('a second snapshot after the pause confirms it', async () => {
  await loseTheLargeOne(['--removal-pause', '1']);
  await servers(3);
  expect((await told()).withheldRemoval).toBeNull();
  expect(await stack.log()).toContain('a second snapshot confirms it');
});
