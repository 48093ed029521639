/** A start while Marathon is away: what was known is served within a second, and said to be old. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;

afterEach(() => stack.close());

interface Told {
  readonly ready: boolean;
  readonly notes: string[];
  readonly haproxy: { readonly inSync: boolean };
  readonly marathon: { readonly basis: string; readonly tasks: number };
}

/** Undefined while it does not answer. */
const told = async () => (await stack.status()) as unknown as Told | undefined;
const file = () => join(stack.directory, 'mirror.ndjson.gz');
const stored = () => readFile(file()).catch(() => undefined);

async function start(): Promise<void> {
  stack = await startStack();
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(
    httpApp('/web', port, { instances: 3, labels: { HAPROXY_0_VHOST: 'web.example' } }),
  );
  await stack.inStep('/web');
}

test('a start without Marathon serves the stored mirror, and Marathon once it is back', async () => {
  await start();
  await stack.daemon().stop();
  await stack.marathon.stop();
  stack.startPacer();
  await stack.until('it serves', async () => (await told())?.haproxy.inSync === true);
  expect((await stack.ask({ host: 'web.example' })).json?.app).toBe('/web');
  const { ready, notes, marathon } = (await told())!;
  expect({ ready, ...marathon }).toMatchObject({ ready: true, basis: 'stored', tasks: 3 });
  expect(notes.join()).toContain('Marathon has not answered since the start');

  await stack.marathon.resume();
  await stack.marathon.scale('/web', 2);
  await stack.inStep('/web');
  expect(await told()).toMatchObject({ notes: [], marathon: { basis: 'marathon', tasks: 2 } });
});

test('a kill without warning loses nothing that Marathon had said some seconds before', async () => {
  await start();
  await stack.until('it is stored', async () => (await stored()) !== undefined);
  await stack.daemon().stop('SIGKILL');
  await stack.marathon.stop();
  stack.startPacer();
  await stack.until('it is known', async () => (await told())?.marathon.tasks === 3);
  expect((await stack.ask({ host: 'web.example' })).json?.app).toBe('/web');
});

test('a stored mirror that is broken is set aside and explained, and HAProxy serves on', async () => {
  await start();
  const { freshness } = (await stack.daemon().get('/readyz')) as { freshness: Record<string, unknown> };
  expect(freshness).toMatchObject({
    inSync: true,
    runningHash: expect.stringMatching(/^\w+\.\w+$/) as string,
  });
  expect(Number(freshness['confirmationAgeSeconds'])).toBeLessThan(15);
  expect(Number(freshness['lastEventLagSeconds'])).toBeLessThan(5);
  await stack.until('the text has followed', async () => {
    const text = await readFile(join(stack.directory, 'current', 'haproxy.cfg'), 'utf8');
    return text.match(/^ +server .*:\d+ .*check/gm)?.length === 3;
  });
  await stack.daemon().stop();
  await stack.marathon.stop();
  await writeFile(file(), (await stored())!.subarray(0, 100));
  stack.startPacer();
  await stack.until('it is told', async () => (await stack.log()).includes('is set aside'));
  await stack.until(
    'the last configuration serves',
    async () => (await stack.ask({ host: 'web.example' }).catch(() => undefined))?.json?.app === '/web',
  );
  await stack.marathon.resume();
  await stack.inStep('/web');
  expect(await readFile(`${file()}.unusable`)).toHaveLength(100);
});
