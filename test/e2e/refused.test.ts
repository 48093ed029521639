/** What only HAProxy can judge: the service is found in a few checks, and everybody else goes on. */
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countedHaproxy, type CountedHaproxy } from '../support/counted-haproxy.ts';
import { httpApp, startStack, type Stack, type StatusView } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let haproxy: CountedHaproxy;
let stack: Stack;

beforeEach(async () => {
  haproxy = await countedHaproxy();
  stack = await startStack({ flags: ['--reload-spacing', '0', '--haproxy-bin', haproxy.program] });
});
afterEach(async () => {
  await stack.close();
  await haproxy.remove();
});

const aboutApp = async (id: string) => {
  // There is no answer while the daemon starts.
  const status = (await stack.status()) as StatusView | undefined;
  return (status?.diagnostics ?? []).filter(({ appId }) => appId === id).map(({ text }) => text);
};
/** Checks since the last time, not counting the text on disk that follows the servers: that one is there. */
async function checks(): Promise<number> {
  await stack.until('the text on disk follows', async () => {
    const text = await readFile(join(stack.directory, 'current', 'haproxy.cfg'), 'utf8');
    return stack.marathon
      .tasks()
      .filter(({ healthy }) => healthy === true)
      .every(({ port }) => text.includes(`:${port} `));
  });
  return haproxy.checks();
}
const host = (name: string) => ({ HAPROXY_0_VHOST: `${name}.example` });
const answers = async (name: string) => (await stack.ask({ host: `${name}.example` })).json?.app;
/** HAProxy takes times up to 24.8 days; the interval stands in the server lines, the timeout in the backend's. */
const check = { protocol: 'TCP', portIndex: 0, intervalSeconds: 1, timeoutSeconds: 1 };
const refusedCheck = [{ ...check, timeoutSeconds: 99_999_999 }];
const refusedServers = [{ ...check, intervalSeconds: 2_147_484 }];

/** A service that every pass changes, to see that the others are alive. */
async function another(name: string, port: number): Promise<void> {
  await stack.marathon.deploy(httpApp(`/${name}`, port, { labels: host(name) }));
  await stack.inStep(`/${name}`);
  expect(await answers(name)).toBe(`/${name}`);
}

test('the one that HAProxy names costs one check more, nothing later, and leaves quarantine once it is corrected', async () => {
  const ports = await stack.freePorts(6);
  await another('web', ports[0]!);
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 4,
    close: 4,
    target: () => ({ host: 'web.example', path: '/' }),
  });
  traffic.start();
  await checks();

  await stack.marathon.deploy(
    httpApp('/bad', ports[1]!, { labels: host('bad'), healthChecks: refusedCheck }),
  );
  await stack.until('it is held', async () => (await aboutApp('/bad')).length > 0);
  expect((await aboutApp('/bad'))[0]).toMatch(/HAProxy refuses its configuration: .*timer overflow/);
  // Without it, HAProxy runs what is wanted already.
  expect(await checks()).toBe(1);
  await another('next', ports[2]!);
  expect(await checks()).toBe(1);

  await stack.daemon().stop('SIGTERM');
  stack.startPacer();
  await stack.until('it is held again', async () => (await aboutApp('/bad')).length > 0);
  await stack.until('all is in sync', async () => (await stack.status()).haproxy.inSync);
  expect(await checks()).toBeLessThanOrEqual(1);
  await another('third', ports[3]!);

  await stack.marathon.deploy(httpApp('/bad', ports[1]!, { labels: host('bad') }));
  await stack.until('it serves', async () => (await answers('bad')) === '/bad');
  expect(await aboutApp('/bad')).toEqual([]);
  await traffic.stop();
});

test('a version that HAProxy refuses is kept at the one that served, with the tasks of now, over a restart too', async () => {
  const ports = await stack.freePorts(3);
  await another('web', ports[0]!);
  await stack.marathon.deploy(
    httpApp('/web', ports[0]!, { instances: 3, labels: host('web'), healthChecks: refusedCheck }),
  );
  const isKept = async () => {
    const said = await aboutApp('/web');
    return (
      said.some((text) => text.includes('refuses')) && said.some((text) => text.includes('last good version'))
    );
  };
  await stack.until('it is kept', isKept);
  const tasks = async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 12; i++) seen.add((await stack.ask({ host: 'web.example' })).json?.task ?? 'none');
    return seen;
  };
  await stack.until('all its tasks answer', async () => (await tasks()).size === 3);

  await stack.daemon().stop('SIGKILL');
  stack.startPacer();
  await stack.until('it is kept again', isKept);
  await stack.marathon.scale('/web', 2);
  await stack.until('two tasks answer', async () => (await tasks()).size === 2);
});

test('a label that does not parse keeps the version that served, even where the daemon was away meanwhile', async () => {
  const ports = await stack.freePorts(2);
  await another('web', ports[0]!);
  await stack.daemon().stop();
  await stack.marathon.deploy(
    httpApp('/web', ports[0]!, { labels: { ...host('web'), HAPROXY_0_BALANCE: 'a\nb' } }),
  );
  stack.startPacer();
  await stack.until('it is kept', async () => (await aboutApp('/web')).length === 2);
  expect((await aboutApp('/web')).join()).toContain('last good version');
  await stack.until('it serves', async () => (await answers('web')) === '/web');
});

test('a service that was accepted without servers and is refused with them is held like any other', async () => {
  const ports = await stack.freePorts(3);
  await another('web', ports[0]!);
  await checks();
  await stack.marathon.deploy(
    httpApp('/bad', ports[1]!, { labels: host('bad'), healthChecks: refusedServers }),
  );
  await stack.until('it is held', async () => (await aboutApp('/bad')).length > 0);
  expect(await checks()).toBeLessThanOrEqual(4);
  await another('next', ports[2]!);
  expect(await checks()).toBeLessThanOrEqual(2);
});

test('a saved file that is damaged is set aside and told, and nothing else is lost', async () => {
  const ports = await stack.freePorts(2);
  await another('web', ports[0]!);
  const file = join(stack.directory, 'last-good.jsonl');
  await stack.until('it is saved', async () =>
    (await readFile(file, 'utf8').catch(() => '')).includes('/web'),
  );
  await stack.daemon().stop();
  await appendFile(file, 'x');
  stack.startPacer();
  await stack.inStep('/web');
  expect(await answers('web')).toBe('/web');
  expect(await readFile(`${file}.unusable`, 'utf8')).toContain('/web');
  expect(await stack.log()).toContain(`${file}.unusable: its checksum does not match`);
});

test('where HAProxy names nobody, the culprit among new services is found by halves', async () => {
  const ports = await stack.freePorts(12);
  await another('web', ports[0]!);
  await haproxy.nameNobody();
  await checks();
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  await Promise.all(
    names.map((name, i) =>
      stack.marathon.deploy(
        httpApp(`/${name}`, ports[i + 1]!, {
          labels: host(name),
          ...(name === 'f' ? { healthChecks: refusedCheck } : {}),
        }),
      ),
    ),
  );
  for (const name of names.filter((it) => it !== 'f')) {
    await stack.inStep(`/${name}`);
    expect(await answers(name)).toBe(`/${name}`);
  }
  await stack.until('it is found', async () =>
    (await aboutApp('/f')).some((text) => text.includes('refuses its configuration')),
  );
  expect(await answers('f')).toBeUndefined();
  await checks();
  await another('later', ports[9]!);
  expect(await checks()).toBe(1);
});
