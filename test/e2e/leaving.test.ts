/** A task on its way out: drained at the first sign, its requests in flight finished, its sessions closed in the end. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
afterEach(() => stack.close());

async function start(killMs: number, flags: string[] = []): Promise<void> {
  stack = await startStack({
    flags: ['--reload-spacing', '0', ...flags],
    simulator: {
      taskKilling: true,
      checks: 'switch',
      timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs, drainMs: 20_000 },
    },
  });
  const [port = 0] = await stack.freePorts(1);
  await stack.marathon.deploy(
    httpApp('/web', port, { instances: 2, labels: { HAPROXY_0_VHOST: 'web.example' }, healthChecks: [] }),
  );
  await stack.inStep('/web');
}

interface AppView {
  ports: { servers: { taskId: string; admin: string }[]; tasks: { taskId: string; reason: string }[] }[];
}
const view = async () => ((await stack.daemon().get('/apps//web')) as AppView).ports[0]!;
const reloads = async () => (await stack.status()).haproxy.running?.reloads;

/** `name status` of the app's servers, as HAProxy's statistics show them. */
async function inHaproxy(): Promise<string[]> {
  const { text } = await stack.ask({ port: stack.ports.stats, path: '/haproxy?stats;csv' });
  const [header = '', ...lines] = text.split('\n');
  const names = header.replace('# ', '').split(',');
  return lines
    .map((line) => line.split(','))
    .filter(
      (cells) => cells[0]?.startsWith('web_') === true && !['FRONTEND', 'BACKEND'].includes(cells[1] ?? ''),
    )
    .map((cells) => `${cells[1] ?? ''} ${cells[names.indexOf('status')] ?? ''}`);
}

test('a task that Marathon is killing is drained at once, and the status says why', async () => {
  await start(3000);
  const before = await reloads();
  const [victim] = stack.marathon.tasks('/web');
  const killed = stack.marathon.kill(victim!.id);
  await stack.until('it is drained', async () => (await inHaproxy()).some((line) => line.includes('DRAIN')));
  expect((await view()).tasks.find(({ taskId }) => taskId === victim!.id)?.reason).toMatch(
    /Marathon is (killing|about to end) the task/,
  );
  await killed;
  await stack.inStep('/web');
  await stack.until('it is gone', async () => (await inHaproxy()).length === 2);
  expect(await reloads()).toBe(before);
});

test('a request in flight is finished by the task that has it, though the task is gone from Marathon', async () => {
  await start(100);
  const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(
      { port: stack.ports.http, host: '127.0.0.1', path: '/?delay=3000', headers: { Host: 'web.example' } },
      (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    sent.once('error', reject);
    sent.end();
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = stack.marathon.tasks('/web').map(({ id }) => id);
  await stack.marathon.restart('/web');
  await stack.inStep('/web');
  const { status, text } = await answer;
  expect(status).toBe(200);
  expect(before).toContain((JSON.parse(text) as { task: string }).task);
});

test('a session with a task that Marathon has forgotten goes on for --drain-timeout, and is then closed', async () => {
  await start(100, ['--drain-timeout', '3', '--unreachable', 'keep']);
  const before = await reloads();
  const webSocket = connect({ host: '127.0.0.1', port: stack.ports.http });
  webSocket.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => webSocket.once('close', () => resolve(Date.now())));
  webSocket.write(
    [
      'GET /ws HTTP/1.1',
      'Host: web.example',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
    ]
      .concat('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', '')
      .join('\r\n'),
  );
  const answer = await new Promise<string>((resolve) =>
    webSocket.once('data', (chunk) => resolve(String(chunk))),
  );
  expect(answer).toContain('101');
  const used = (await inUse())!;
  const victim = stack.marathon
    .tasks('/web')
    .find(({ host, ports }) => used.includes(`${host}:${ports[0] ?? 0}`.replace(/[^A-Za-z0-9]/g, '_')))!;
  // Marathon sees the agent no longer, and replaces the task, which serves on.
  stack.marathon.loseAgent(victim.host, { serving: true });
  await stack.until('no new session comes to it', async () =>
    (await inHaproxy()).some((line) => line.startsWith(used) && line.includes('MAINT')),
  );
  const gone = Date.now();
  expect(webSocket.destroyed).toBe(false);
  expect((await closed) - gone).toBeGreaterThan(1500);
  await stack.until(
    'the server is deleted',
    async () => !(await inHaproxy()).some((line) => line.startsWith(used)),
  );
  expect(await reloads()).toBe(before);
});

/** The server that has a session now. */
async function inUse(): Promise<string | undefined> {
  const { text } = await stack.ask({ port: stack.ports.stats, path: '/haproxy?stats;csv' });
  const [header = '', ...lines] = text.split('\n');
  const names = header.replace('# ', '').split(',');
  return lines
    .map((line) => line.split(','))
    .find(
      (cells) =>
        cells[0]?.startsWith('web_') === true &&
        !['FRONTEND', 'BACKEND'].includes(cells[1] ?? '') &&
        Number(cells[names.indexOf('scur')]) > 0,
    )?.[1];
}
