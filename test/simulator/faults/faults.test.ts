/** The switches for what can go wrong, from the program and over HTTP. */
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { startStandby } from '../../../src/simulator/faults/standby.ts';
import { attachedStream, call, eventually, openStream, simulate, sleep } from '../support.ts';
import { onTestFinished } from 'vitest';

const plain = { id: '/web', cmd: 'x' };

describe('answers', () => {
  it('fail as often as was said', async () => {
    const { url, faults } = await simulate();
    faults.answers({ kind: 'status', status: 503 }, { times: 2, path: '/v2/apps' });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await call(`${url}/v2/apps`, 'GET')).status);
    expect(statuses).toEqual([503, 503, 200]);
    expect((await call(`${url}/v2/info`, 'GET')).status).toBe(200);
  });

  it('fail until it is cleared', async () => {
    const { url, faults } = await simulate();
    faults.answers({ kind: 'unauthorized' });
    for (let i = 0; i < 3; i++) expect((await call(`${url}/v2/apps`, 'GET')).status).toBe(401);
    faults.clear();
    expect((await call(`${url}/v2/apps`, 'GET')).status).toBe(200);
  });

  it('are half of the JSON, no JSON, or an empty list', async () => {
    const { url, faults } = await simulate();
    for (const kind of ['truncated', 'garbage', 'empty-apps'] as const)
      faults.answers({ kind }, { times: 1 });
    expect(typeof (await call(`${url}/v2/apps`, 'GET')).body).toBe('string');
    expect((await call(`${url}/v2/apps`, 'GET')).body).toBe('<html>This is not JSON</html>');
    expect((await call(`${url}/v2/apps`, 'GET')).body).toEqual({ apps: [] });
  });

  it('come late, never, or not at all', async () => {
    const { url, faults } = await simulate();
    faults.answers({ kind: 'slow', ms: 60 }, { times: 1 });
    const start = Date.now();
    await call(`${url}/v2/apps`, 'GET');
    expect(Date.now() - start).toBeGreaterThanOrEqual(58);
    faults.answers({ kind: 'hang' }, { times: 1 });
    const signal = AbortSignal.timeout(60);
    await expect(fetch(`${url}/v2/apps`, { signal })).rejects.toThrow();
    faults.answers({ kind: 'reset' }, { times: 1 });
    await expect(fetch(`${url}/v2/apps`)).rejects.toThrow();
  });

  it('have gzip that cannot be unpacked', async () => {
    const { url, faults } = await simulate();
    faults.answers({ kind: 'corrupt-gzip' }, { times: 1 });
    const body = await new Promise<Buffer>((resolve) => {
      request(`${url}/v2/apps`, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks)));
      }).end();
    });
    expect(() => gunzipSync(body)).toThrow();
  });
});

describe('streams', () => {
  it('stall, heartbeats and all, and catch up', async () => {
    const simulator = await simulate({ heartbeatMs: 10 });
    const stream = await attachedStream(simulator.url);
    simulator.faults.stallStreams();
    await sleep(20);
    const before = stream.bytes();
    await simulator.deploy(plain);
    expect(stream.bytes()).toBe(before);
    const late = await openStream(simulator.url);
    await sleep(20);
    expect(late.events()).toEqual([]);
    simulator.faults.resumeStreams();
    await stream.until(() => stream.events().some(({ eventType }) => eventType === 'deployment_success'));
    await late.until(() => late.events().length > 0);
  });

  it('stay open with nobody behind them', async () => {
    const simulator = await simulate({ heartbeatMs: 10 });
    const stream = await attachedStream(simulator.url);
    simulator.faults.halfOpenStreams();
    const before = stream.bytes();
    await simulator.deploy(plain);
    expect(stream.bytes()).toBe(before);
    expect(stream.socket.destroyed).toBe(false);
  });

  it('are cut in the middle of a frame', async () => {
    const { url, faults } = await simulate();
    const stream = await attachedStream(url);
    faults.cutStreams({ midFrame: true });
    await stream.closed;
    expect(stream.bytes()).toMatch(/"taskId":"cu$/);
  });

  it('are closed without an attached event while an election goes on', async () => {
    const { url, faults } = await simulate();
    faults.closeNewStreams(1);
    const stream = await openStream(url);
    await stream.closed;
    expect(stream.bytes()).toMatch(/^HTTP\/1\.1 200 /);
    expect(stream.events()).toEqual([]);
    await attachedStream(url);
  });

  it('are sent to another node', async () => {
    const { url, faults } = await simulate();
    faults.redirectStreams('http://127.0.0.1:1');
    const answer = await call(`${url}/v2/events?event_type=a&event_type=b`, 'GET');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('http://127.0.0.1:1/v2/events?event_type=a&event_type=b');
  });
});

describe('events', () => {
  const types = '?event_type=event_stream_attached&event_type=status_update_event';

  it('are lost, come twice, or change places', async () => {
    const simulator = await simulate();
    const stream = await attachedStream(simulator.url, types);
    await simulator.deploy(plain);
    const id = simulator.tasks()[0]!.id;
    const states = (): unknown[] =>
      stream
        .events()
        .slice(1)
        .map(({ taskStatus }) => taskStatus);
    await stream.until(() => states().length === 2);
    expect(states()).toEqual(['TASK_STARTING', 'TASK_RUNNING']);
    simulator.faults.dropEvents(1, 'status_update_event');
    await simulator.kill(id);
    await simulator.running('/web', 1);
    await stream.until(() => states().length === 4);
    expect(states()).not.toContain('TASK_KILLED');
    simulator.faults.duplicateEvents(1);
    await simulator.kill(simulator.tasks()[0]!.id);
    await stream.until(() => states().filter((state) => state === 'TASK_KILLED').length === 2);
    await simulator.running('/web', 1);
    const everything = await attachedStream(simulator.url);
    simulator.faults.reorderEvents(1);
    await simulator.kill(simulator.tasks()[0]!.id);
    await everything.until(() => everything.events().length >= 3);
    expect(
      everything
        .events()
        .slice(1, 3)
        .map(({ eventType }) => eventType),
    ).toEqual(['instance_changed_event', 'status_update_event']);
  });

  it('are no JSON, or very large', async () => {
    const { url, faults } = await simulate();
    const stream = await attachedStream(url);
    faults.garbageFrame();
    faults.bigEvent(3 << 20);
    await stream.until(() => stream.events().length === 2);
    expect(stream.bytes()).toContain('{"slaveId": garbage\r\n');
    expect(stream.bytes().length).toBeGreaterThan(3 << 20);
  });
});

describe('Marathon', () => {
  it('goes down and comes back on its port with its state', async () => {
    const simulator = await simulate();
    await simulator.deploy(plain);
    const stream = await attachedStream(simulator.url);
    const [task] = simulator.tasks();
    await simulator.stop();
    await stream.closed;
    await expect(fetch(`${simulator.url}/ping`)).rejects.toThrow();
    expect((await call(`http://${task!.host}:${task!.port}/`, 'GET')).status).toBe(200);
    await simulator.resume();
    expect((await call(`${simulator.url}/v2/apps/web`, 'GET')).body.app.tasks[0]!.id).toBe(task!.id);
  });

  it('abdicates half a second after it was asked to', async () => {
    const { url } = await simulate();
    const stream = await attachedStream(url);
    expect((await call(`${url}/v2/leader`, 'DELETE')).body).toEqual({ message: 'Leadership abdicated' });
    await stream.closed;
  });
});

describe('the switches over HTTP', () => {
  it('show the state and change it', async () => {
    const simulator = await simulate({ timings: { backoffScale: 0.3 } });
    await simulator.deploy(plain);
    const post = (name: string, body?: unknown) => call(`${simulator.url}/_simulator/${name}`, 'POST', body);
    const state = async () => (await call(`${simulator.url}/_simulator/state`, 'GET')).body.tasks;
    const task = (await state())[0]!;
    expect(task).toMatchObject({ appId: '/web', state: 'TASK_RUNNING', answersHealthy: true });
    expect(task.listensOn).toEqual([`${task.host}:${task.ports[0]}`]);
    await post('unhealthy', { task: task.id });
    expect((await state())[0]!.answersHealthy).toBe(false);
    await post('fail-task', { task: task.id });
    expect((await state())[0]!.state).not.toBe('TASK_RUNNING');
    await simulator.running('/web', 1);
    await post('lose-agent', { host: (await state())[0]!.host });
    await eventually(() => simulator.tasks('/web')[0]?.id !== task.id);
    await post('faults/answers', { kind: 'status', status: 500, times: 1, path: '/v2/apps' });
    expect((await call(`${simulator.url}/v2/apps`, 'GET')).status).toBe(500);
    await post('faults/clear');
  });

  it('say what is wrong with a request', async () => {
    const { url } = await simulate();
    expect((await call(`${url}/_simulator/fail-task`, 'POST', { task: 'none' })).body.message).toMatch(
      /No task/,
    );
    expect((await call(`${url}/_simulator/nothing`, 'POST')).body.message).toMatch(/^No such switch/);
    const answer = await call(`${url}/_simulator/faults/answers`, 'POST', { kind: 'magic' });
    expect(answer.status).toBe(400);
  });
});

describe('a standby', () => {
  async function standbyOf(leader: string, proxiesEvents = false) {
    const standby = await startStandby({ leader, proxiesEvents });
    onTestFinished(() => standby.close());
    return standby;
  }

  it('redirects readers of events and passes on the rest, saying so', async () => {
    const simulator = await simulate();
    await simulator.deploy(plain);
    const standby = await standbyOf(simulator.url);
    const redirect = await call(`${standby.url}/v2/events?event_type=x`, 'GET');
    expect(redirect.status).toBe(302);
    expect(redirect.headers.get('location')).toBe(`${simulator.url}/v2/events?event_type=x`);
    const proxied = await call(`${standby.url}/v2/apps//web`, 'GET');
    expect(proxied.body.app.id).toBe('/web');
    expect(proxied.headers.get('x-marathon-leader')).toBe(simulator.url);
    expect(proxied.headers.get('x-marathon-via')).toBe(`1.1 127.0.0.1:${standby.port}`);
    expect((await call(`${standby.url}/v2/apps`, 'POST', { id: '/two', cmd: 'x' })).status).toBe(201);
  });

  it('passes on events too when it is older', async () => {
    const simulator = await simulate({ version: '1.5' });
    const standby = await standbyOf(simulator.url, true);
    const stream = await openStream(standby.url);
    await stream.until(() => stream.bytes().includes('event: event_stream_attached'));
  });

  it('answers 502 where there is no leader, or the leader does not answer', async () => {
    const simulator = await simulate();
    const standby = await standbyOf(simulator.url);
    await simulator.stop();
    expect((await call(`${standby.url}/v2/apps`, 'GET')).status).toBe(502);
    standby.setLeader(undefined);
    expect((await call(`${standby.url}/v2/events`, 'GET')).body).toContain(
      'Could not determine the current leader',
    );
  });
});
