/** What marathon-lb's users ask on the statistics port: the same paths, answered by HAProxy and, behind it, by Pacer. */
import { request } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toolColumns } from '../../src/haproxy/replies/tool-csv.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';
import { createTraffic } from '../support/traffic.ts';

let stack: Stack;
let ports: number[];

beforeAll(async () => {
  stack = await startStack({ flags: ['--reload-spacing', '0', '--on-exit', 'keep', '--bind-addr', '*'] });
  ports = await stack.freePorts(3);
  await stack.marathon.deploy(
    httpApp('/shop/web', ports[0]!, {
      labels: {
        HAPROXY_0_VHOST: 'shop.example,*.shop.example',
        HAPROXY_0_AUTH: 'realm:alice:$6$salt$hashhashhash',
      },
    }),
  );
  await stack.marathon.deploy(
    httpApp('/api', ports[1]!, { labels: { HAPROXY_0_VHOST: 'api.example', HAPROXY_0_BACKEND_WEIGHT: '3' } }),
  );
  await stack.marathon.deploy(
    httpApp('/api/v2', ports[2]!, { labels: { HAPROXY_0_VHOST: 'api.example', HAPROXY_0_PATH: '/v2' } }),
  );
  await stack.daemon().ready();
  for (const app of ['/shop/web', '/api', '/api/v2']) await stack.inStep(app);
});
afterAll(async () => {
  await stack.daemon().stop();
  // HAProxy was left running on purpose; this Pacer takes it down with it.
  await stack.startPacer(['--on-exit', 'stop']).ready();
  await stack.close();
});

const ask = (path: string, headers: Record<string, string> = {}) =>
  stack.ask({ port: stack.ports.stats, path, headers });
const textOf = async (path: string) => {
  const { status, text } = await ask(path);
  expect(status, `${path}: ${text}`).toBe(200);
  return text;
};
const reloads = async () => (await stack.status()).haproxy.running?.reloads ?? 0;

/** From another address of this machine than loopback. */
const elsewhere = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

function askFrom(address: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    request(
      { agent: false, host: address, localAddress: address, port: stack.ports.stats, path, headers },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    )
      .once('error', reject)
      .end();
  });
}

test('the health check answers 200', async () => {
  expect(await textOf('/_haproxy_health_check')).toContain('200 OK');
});

test('the statistics are there as a page and as CSV, with the servers of the apps', async () => {
  expect(await textOf('/haproxy?stats')).toContain('Statistics Report');
  const csv = await textOf('/haproxy?stats;csv');
  expect(csv).toMatch(/^# pxname,svname,qcur,/);
  expect(csv).toMatch(new RegExp(`^shop_web_${ports[0]},127_[\\d_]+,.*,UP[^,]*,`, 'm'));
});

describe('the CSV', () => {
  const csv = '/haproxy?stats;csv';

  test('has the columns that marathon-lb’s tools know, each with a name, and as many cells in every row', async () => {
    const lines = (await textOf(csv)).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines[0]).toBe(`# ${toolColumns.join(',')},`);
    expect(new Set(lines.map((line) => line.split(',').length))).toEqual(new Set([toolColumns.length + 1]));
  });

  test.each([`${csv};norefresh`, '/haproxy?stats;norefresh;csv', `${csv};no-maint`, `${csv};up`])(
    'asked for as %s has the same columns',
    async (path) => {
      expect((await textOf(path)).split('\n')[0]).toBe(`# ${toolColumns.join(',')},`);
    },
  );

  test('is HAProxy’s own with all columns where it is asked for in another way', async () => {
    expect(await textOf(`${csv};all`)).toMatch(/^# pxname,.*,-,/);
  });

  test('is at no other path', async () => {
    expect((await ask('/_haproxy_statistics')).status).toBe(503);
    expect((await ask('/_haproxy_pacer_answers')).status).toBe(503);
  });

  test('is the same for several that ask at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => textOf(csv)));
    expect(new Set(all.map((text) => text.split('\n').length)).size).toBe(1);
  });

  test('comes from HAProxy while Pacer is frozen', async () => {
    process.kill(stack.daemon().pid, 'SIGSTOP');
    try {
      await stack.until('HAProxy answers by itself', async () =>
        /^# pxname,.*,-,/.test((await ask(csv)).text),
      );
    } finally {
      process.kill(stack.daemon().pid, 'SIGCONT');
    }
    await stack.until('Pacer answers again', async () => !(await ask(csv)).text.includes(',-,'));
  });
});

test("HAProxy's own metrics are there", async () => {
  expect(await textOf('/metrics')).toContain('haproxy_process_uptime_seconds');
});

test('the configuration is shown without passwords', async () => {
  const text = await textOf('/_haproxy_getconfig');
  expect(text).toContain(`backend shop_web_${ports[0]}`);
  expect(text).toMatch(/^ {2}user alice password \*\*\*$/m);
  expect(text).not.toContain('hashhashhash');
});

test('the maps have a line for each host and each app, in the form of marathon-lb', async () => {
  const lines = (await textOf('/_haproxy_getvhostmap')).trim().split('\n').sort();
  expect(lines).toEqual([
    `*.shop.example shop_web_${ports[0]}`,
    `api.example api_${ports[1]}`,
    `shop.example shop_web_${ports[0]}`,
  ]);
  expect((await textOf('/_haproxy_getappmap')).trim().split('\n')).toEqual([
    `/api api_${ports[1]}`,
    `/api/v2 api_v2_${ports[2]}`,
    `/shop/web shop_web_${ports[0]}`,
  ]);
});

test('there is one pid when nothing drains, and it is the worker that serves', async () => {
  const { haproxy } = await stack.status();
  expect(await textOf('/_haproxy_getpids')).toBe(`${haproxy.running?.workerPid ?? 0}\n`);
});

test('usr1 reloads HAProxy though nothing has changed, and fails no request', async () => {
  const before = await reloads();
  const traffic = createTraffic({
    port: stack.ports.http,
    keepAlive: 2,
    close: 2,
    target: () => ({ host: 'api.example', path: '/' }),
  });
  traffic.start();
  await textOf('/_mlb_signal/usr1');
  await stack.until('HAProxy was reloaded', async () => (await reloads()) === before + 1);
  await stack.daemon().ready();
  const { failures, ok } = await traffic.stop();
  expect(failures).toEqual({});
  expect(ok).toBeGreaterThan(0);
  const { body } = (await stack
    .daemon()
    .get('/revisions')
    .then((it) => ({ body: it }))) as {
    body: { plan: { reasons?: { code: string; detail: string }[] } }[];
  };
  expect(body.find(({ plan }) => plan.reasons !== undefined)?.plan.reasons).toEqual([
    { code: 'requested', backends: [], detail: '/_mlb_signal/usr1' },
  ]);
});

test('while an old worker finishes a connection there are two pids, and one again when it has', async () => {
  const slow = request({
    host: '127.0.0.1',
    port: stack.ports.http,
    path: '/?delay=3000',
    headers: { Host: 'api.example' },
  });
  const answered = new Promise<number>((resolve) =>
    slow.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }),
  );
  slow.end();
  await stack.until('the request is under way', async () =>
    /^marathon_http_in,FRONTEND,(?:[^,]*,){2}[1-9]/m.test(await textOf('/haproxy?stats;csv')),
  );
  const before = await reloads();
  await textOf('/_mlb_signal/usr1');
  await stack.until('HAProxy was reloaded', async () => (await reloads()) === before + 1);
  const pids = async () => (await textOf('/_haproxy_getpids')).trim().split(' ');
  expect(await pids()).toHaveLength(2);
  expect(await answered).toBe(200);
  await stack.until('the old worker has ended', async () => (await pids()).length === 1);
});

test('hup fetches everything from Marathon', async () => {
  const { resyncs } = (await stack.status()).marathon;
  await textOf('/_mlb_signal/hup');
  await stack.until('Marathon was asked', async () => (await stack.status()).marathon.resyncs > resyncs);
});

test('SIGHUP and SIGUSR1 do the same as the two paths', async () => {
  const { resyncs } = (await stack.status()).marathon;
  const before = await reloads();
  process.kill(stack.daemon().pid, 'SIGHUP');
  await stack.until('Marathon was asked', async () => (await stack.status()).marathon.resyncs > resyncs);
  process.kill(stack.daemon().pid, 'SIGUSR1');
  await stack.until('HAProxy was reloaded', async () => (await reloads()) === before + 1);
  expect(await stack.log()).not.toContain('Debugger listening');
});

describe.skipIf(elsewhere === undefined)('from another address than loopback', () => {
  test('what changes something is refused, whatever the client claims', async () => {
    expect(await askFrom(elsewhere!, '/_mlb_signal/hup')).toBe(403);
    expect(await askFrom(elsewhere!, '/_mlb_signal/usr1', { 'X-Pacer-Trusted': 'yes' })).toBe(403);
  });

  test('what only shows something is answered', async () => {
    expect(await askFrom(elsewhere!, '/_haproxy_getpids')).toBe(200);
  });
});

test('signals in quick succession are turned away before they cost Marathon or HAProxy much', async () => {
  const answers = [];
  for (let i = 0; i < 12; i++) answers.push(await ask('/_mlb_signal/hup'));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0);
});

test('while Pacer is away HAProxy goes on with health check, statistics and metrics, and says who does not answer', async () => {
  await stack.daemon().stop();
  for (const path of ['/_haproxy_health_check', '/haproxy?stats;csv', '/metrics']) await textOf(path);
  for (const path of ['/_haproxy_getpids', '/_haproxy_getconfig', '/_mlb_signal/hup']) {
    const { status, text } = await ask(path);
    expect(status).toBe(503);
    expect(text).toContain('Pacer does not answer');
  }
});

test('a Pacer that comes back answers again, with passwords where the operator wants them, and takes tokens', async () => {
  const token = 'a-token-of-some-length';
  const file = join(stack.directory, 'tokens');
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  await stack.startPacer(['--getconfig-secrets', '--status-token-file', file]).ready();
  expect(await textOf('/_haproxy_getconfig')).toContain('$6$salt$hashhashhash');
  if (elsewhere === undefined) return;
  const status = (it: string) =>
    askFrom(elsewhere, '/_mlb_signal/hup', { Authorization: `Bearer ${it}`, 'X-Pacer-Trusted': 'yes' });
  expect(await status(token)).toBe(200);
  expect(await status(`${token}x`)).toBe(403);
});

test.skipIf(elsewhere === undefined)('a network that the operator names may signal', async () => {
  await stack.daemon().stop();
  await stack.startPacer(['--signal-networks', elsewhere!]).ready();
  expect(await askFrom(elsewhere!, '/_mlb_signal/hup')).toBe(200);
});
