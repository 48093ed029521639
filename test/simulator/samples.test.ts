/** The sample tasks: real listeners that live and die with their tasks. */
import { request as httpsRequest } from 'node:https';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TaskView } from '../../src/simulator/simulator.ts';
import { call, eventually, simulate, sleep } from './support.ts';

function urlOf(task: TaskView | undefined): string {
  return `http://${task!.address}:${task!.port}`;
}

/** What a connect ends in. */
function refused(task: TaskView | undefined): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: task!.address, port: task!.port });
    socket.on('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

async function becomes(task: TaskView | undefined, wanted: string): Promise<void> {
  const limit = Date.now() + 2000;
  while ((await refused(task)) !== wanted && Date.now() < limit) await sleep(5);
  expect(await refused(task)).toBe(wanted);
}

const bridge = {
  networks: [{ mode: 'container/bridge' }],
  container: { type: 'DOCKER', docker: { image: 'x' }, portMappings: [{ containerPort: 8080, hostPort: 0 }] },
};
const overlay = {
  networks: [{ mode: 'container', name: 'overlay' }],
  container: { type: 'DOCKER', docker: { image: 'x' }, portMappings: [{ containerPort: 8080 }] },
};

describe('a sample that speaks HTTP', () => {
  it('tells who it is and what it was asked', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web' });
    const [task] = simulator.tasks('/web');
    const { status, body } = await call(`${urlOf(task)}/some/path?a=b`, 'POST', 'x'.repeat(1000));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      app: '/web',
      task: task!.id,
      version: task!.version,
      host: task!.host,
      port: task!.port,
      method: 'POST',
      path: '/some/path?a=b',
      bodyLength: 1000,
    });
    expect(body.headers['content-length']).toBe('1000');
  });

  it('answers late, large or with another status when asked to', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web', env: { SAMPLE_DELAY_MS: '40' } });
    const url = urlOf(simulator.tasks('/web')[0]);
    const start = Date.now();
    expect((await call(`${url}/?size=300000`, 'GET')).body).toHaveLength(300_000);
    expect(Date.now() - start).toBeGreaterThanOrEqual(39);
    expect((await call(`${url}/?status=418&delay=0`, 'GET')).status).toBe(418);
  });

  it('answers /health as it was switched', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web' });
    const [task] = simulator.tasks('/web');
    expect((await call(`${urlOf(task)}/health`, 'GET')).status).toBe(200);
    simulator.setHealthy(task!.id, false);
    expect((await call(`${urlOf(task)}/health`, 'GET')).status).toBe(500);
  });

  it.each([
    ['bridge', bridge, /^127\.\d+\.\d+\.[1-5]$/, /^172\.17\./],
    ['container', overlay, /^127\.\d+\.\d+\.1\d\d$/, /^127\.\d+\.\d+\.1\d\d$/],
  ])('listens in the %s network where Marathon says', async (_name, network, address, ip) => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web', ...network });
    const [task] = simulator.tasks('/web');
    expect(task!.address).toMatch(address);
    expect(task!.ipAddresses[0]).toMatch(ip);
    expect((await call(urlOf(task), 'GET')).body.task).toBe(task!.id);
  });

  it('sends back the frames of a WebSocket', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web' });
    const [task] = simulator.tasks('/web');
    const socket = connect({ host: task!.address, port: task!.port });
    onTestFinished(() => {
      socket.destroy();
    });
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])));
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await eventually(() => received.includes('\r\n\r\n'));
    // The key and its answer are the example of RFC 6455.
    expect(received.toString()).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    received = Buffer.alloc(0);
    const mask = Buffer.from([1, 2, 3, 4]);
    const text = Buffer.from('hello').map((byte, i) => byte ^ mask[i % 4]!);
    socket.write(Buffer.concat([Buffer.from([0x81, 0x85]), mask, text]));
    await eventually(() => received.length >= 7);
    expect(received).toEqual(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]));
  });
});

describe('a sample of another kind', () => {
  it('sends back every byte over TCP', async () => {
    const simulator = await simulate();
    await simulator.deploy({
      id: '/echo',
      env: { SAMPLE: 'tcp-echo' },
      healthChecks: [{ protocol: 'TCP', intervalSeconds: 1 }],
    });
    const [task] = simulator.tasks('/echo');
    const answer = await new Promise<string>((resolve) => {
      const socket = connect({ host: task!.address, port: task!.port });
      socket.end('hello');
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toBe('hello');
  });

  it('speaks TLS with a certificate of its own, and its check sees it', async () => {
    const simulator = await simulate();
    const healthChecks = [{ protocol: 'HTTPS', path: '/health', intervalSeconds: 1 }];
    await simulator.deploy({ id: '/tls', env: { SAMPLE: 'https' }, healthChecks });
    const [task] = simulator.tasks('/tls');
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpsRequest(
        { host: task!.address, port: task!.port, rejectUnauthorized: false, agent: false },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on('error', reject).end();
    });
    expect(status).toBe(200);
  });

  it('listens only a while after TASK_RUNNING when it needs time to boot', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/slow', env: { SAMPLE_BOOT_MS: '300' } });
    const [task] = simulator.tasks('/slow');
    expect(task!.state).toBe('TASK_RUNNING');
    expect(await refused(task)).toBe('ECONNREFUSED');
    await becomes(task, 'connected');
  });
});

describe('a task that is killed', () => {
  const killMs = 200;

  it('goes on accepting for its grace period, finishes what it has begun, and is refused from then on', async () => {
    const simulator = await simulate({ timings: { killMs } });
    await simulator.deploy({ id: '/web' });
    const [task] = simulator.tasks('/web');
    const long = call(`${urlOf(task)}/?delay=600`, 'GET');
    await sleep(20);
    const removed = simulator.remove('/web');
    await sleep(20);
    expect(await refused(task)).toBe('connected');
    await becomes(task, 'ECONNREFUSED');
    expect((await long).status).toBe(200);
    await removed;
    expect(simulator.tasks('/web')).toEqual([]);
  });

  it('asks its clients to come on another connection', async () => {
    const simulator = await simulate({ timings: { killMs } });
    await simulator.deploy({ id: '/web' });
    const agent = new Agent({ keepAlive: true });
    const ask = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        get(urlOf(simulator.tasks('/web')[0]), { agent }, (response) => {
          response.resume().on('end', () => resolve(response));
        }).on('error', reject);
      });
    expect((await ask()).headers.connection).toBe('keep-alive');
    const removed = simulator.remove('/web');
    await sleep(10);
    expect((await ask()).headers.connection).toBe('close');
    await removed;
  });

  it('takes as long as the app says', async () => {
    const simulator = await simulate();
    await simulator.deploy({ id: '/web', taskKillGracePeriodSeconds: 0.15 });
    const start = Date.now();
    await simulator.remove('/web');
    expect(Date.now() - start).toBeGreaterThanOrEqual(148);
  });

  it.each(['failTask', 'loseAgent'] as const)('is refused at once after %s', async (how) => {
    const simulator = await simulate({ timings: { backoffScale: 10 } });
    await simulator.deploy({ id: '/web' });
    const [task] = simulator.tasks('/web');
    if (how === 'failTask') simulator.failTask(task!.id);
    else simulator.loseAgent(task!.host);
    await becomes(task, 'ECONNREFUSED');
  });

  it('answers on while only Marathon has lost its agent', async () => {
    const simulator = await simulate();
    const unreachableStrategy = { inactiveAfterSeconds: 60, expungeAfterSeconds: 60 };
    await simulator.deploy({ id: '/web', unreachableStrategy });
    const [task] = simulator.tasks('/web');
    simulator.loseAgent(task!.host, { serving: true });
    expect(simulator.tasks('/web')[0]!.state).toBe('TASK_UNREACHABLE');
    expect(await refused(task)).toBe('connected');
  });
});

describe('tasks behind shared listeners', () => {
  it('are told apart by their addresses', async () => {
    const simulator = await simulate({ tasks: 'shared' });
    simulator.load([{ id: '/a', ...bridge }, { id: '/b' }], { tasksEach: 200 });
    const tasks = simulator.tasks();
    expect(new Set(tasks.map(urlOf)).size).toBe(400);
    for (const task of [tasks[0], tasks[150], tasks[399]]) {
      const { body } = await call(urlOf(task), 'GET');
      expect(body).toMatchObject({ app: task!.appId, task: task!.id });
    }
  });

  it('are reset where there is no task any more, after the last answer', async () => {
    const simulator = await simulate({ tasks: 'shared', timings: { killMs: 50 } });
    await simulator.deploy({ id: '/web' });
    const [task] = simulator.tasks('/web');
    const long = call(`${urlOf(task)}/?delay=100`, 'GET');
    await sleep(10);
    await simulator.remove('/web');
    expect((await long).status).toBe(200);
    await expect(call(urlOf(task), 'GET')).rejects.toThrow();
  });

  it('with addresses of their own have sockets of their own', async () => {
    const simulator = await simulate({ tasks: 'shared' });
    simulator.load([{ id: '/web', ...overlay }], { tasksEach: 3 });
    await simulator.listening();
    for (const task of simulator.tasks()) {
      expect((await call(urlOf(task), 'GET')).body).toMatchObject({ task: task.id, port: 8080 });
    }
  });

  it('are as healthy as they were switched, after a failover too', async () => {
    const simulator = await simulate({ tasks: 'shared', timings: { healthScale: 0.02 } });
    simulator.load([{ id: '/web', healthChecks: [{ intervalSeconds: 1 }] }], { tasksEach: 2 });
    const [first, second] = simulator.tasks();
    simulator.setHealthy(first!.id, false);
    expect(simulator.tasks().map(({ healthy }) => healthy)).toEqual([false, true]);
    simulator.setHealthy(first!.id, true);
    simulator.failover();
    expect(simulator.tasks().map(({ healthy }) => healthy)).toEqual([undefined, undefined]);
    await simulator.running('/web', 2);
    expect(simulator.tasks()[1]!.id).toBe(second!.id);
  });

  it('can echo and speak TLS as well', async () => {
    const simulator = await simulate({ tasks: 'shared', checks: 'real' });
    const healthChecks = [{ protocol: 'HTTPS', path: '/health', intervalSeconds: 1 }];
    await simulator.deploy({ id: '/tls', env: { SAMPLE: 'https' }, healthChecks });
    await simulator.deploy({ id: '/echo', labels: { SAMPLE: 'tcp-echo' } });
    const [task] = simulator.tasks('/echo');
    const answer = await new Promise<string>((resolve) => {
      const socket = connect({ host: task!.address, port: task!.port });
      socket.on('data', (chunk) => {
        resolve(chunk.toString());
        socket.destroy();
      });
      socket.write('hello');
    });
    expect(answer).toBe('hello');
  });
});
