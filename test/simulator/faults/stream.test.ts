/** The bytes of /v2/events, as a reader that knows nothing but the wire sees them. */
import { describe, expect, it } from 'vitest';
import { attachedStream, call, eventually, openStream, rawRequest, simulate, sleep } from '../support.ts';

const plain = { id: '/web', cmd: 'x', instances: 1 };

describe('the head of the stream', () => {
  it('is that of Marathon: not chunked, without a length, closed at the end', async () => {
    const { url } = await simulate();
    const stream = await openStream(url);
    const [head] = stream.bytes().split('\r\n\r\n');
    expect(head!.split('\r\n')).toEqual([
      'HTTP/1.1 200 OK',
      `X-Marathon-Leader: ${url}`,
      'X-Frame-Options: DENY',
      'X-XSS-Protection: 1; mode=block',
      'Cache-Control: no-cache, no-store, must-revalidate',
      'Pragma: no-cache',
      'Expires: 0',
      'Content-Type: text/event-stream;charset=utf-8',
      'Connection: close',
    ]);
  });

  it('is never compressed', async () => {
    const { url } = await simulate();
    const stream = await openStream(url, '', ['Accept-Encoding: gzip']);
    expect(stream.bytes()).not.toContain('Content-Encoding');
    await stream.until(() => stream.events().length === 1);
  });

  it.each(['text/event-stream, */*', '*/*', 'application/json'])(
    'is 405 with a page for Accept: %s',
    async (accept) => {
      const { url } = await simulate();
      const answer = rawRequest(url, [
        'GET /v2/events HTTP/1.1',
        'Host: m',
        `Accept: ${accept}`,
        'Connection: close',
      ]);
      await answer.closed;
      expect(answer.bytes()).toMatch(/^HTTP\/1\.1 405 /);
      expect(answer.bytes()).toContain('HTTP method GET is not supported by this URL');
    },
  );

  it('takes a line of its own among several Accept lines', async () => {
    const { url } = await simulate();
    const stream = await openStream(url, '', ['Accept: application/json']);
    expect(stream.bytes()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('the frames', () => {
  it('are an event line, a data line and an empty line, all ended by CRLF; the first one says attached', async () => {
    const { url } = await simulate();
    const stream = await attachedStream(url);
    const body = stream.bytes().slice(stream.bytes().indexOf('\r\n\r\n') + 4);
    expect(body).toMatch(
      /^event: event_stream_attached\r\ndata: \{"remoteAddress":"127\.0\.0\.1","eventType":"event_stream_attached","timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"\}\r\n\r\n$/,
    );
  });

  it('carry all the fields of a status update', async () => {
    const simulator = await simulate();
    const stream = await attachedStream(
      simulator.url,
      '?event_type=event_stream_attached&event_type=status_update_event',
    );
    await simulator.deploy(plain);
    await stream.until(() => stream.events().length === 3);
    const [task] = simulator.tasks('/web');
    const [, starting, running] = stream.events();
    expect(starting).toMatchObject({ taskStatus: 'TASK_STARTING', ipAddresses: [], ports: task!.ports });
    expect(running).toEqual({
      slaveId: '5f1c0a-S0',
      taskId: task!.id,
      taskStatus: 'TASK_RUNNING',
      message: '',
      appId: '/web',
      host: task!.host,
      ipAddresses: [{ ipAddress: task!.host, protocol: 'IPv4' }],
      ports: task!.ports,
      version: task!.version,
      eventType: 'status_update_event',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
    });
  });

  it('are only those that were asked for, the attached event too', async () => {
    const simulator = await simulate();
    const stream = await openStream(simulator.url, '?event_type=group_change_success&plan-format=light');
    await simulator.deploy(plain);
    await stream.until(() => stream.events().length > 0);
    await sleep(20);
    expect(stream.events().map(({ eventType }) => eventType)).toEqual(['group_change_success']);
  });

  it('tell all readers who comes and goes', async () => {
    const simulator = await simulate();
    const first = await attachedStream(simulator.url);
    const second = await attachedStream(simulator.url);
    second.socket.destroy();
    await first.until(() => first.events().length === 3);
    expect(first.events().map(({ eventType }) => eventType)).toEqual([
      'event_stream_attached',
      'event_stream_attached',
      'event_stream_detached',
    ]);
    expect(simulator.readers()).toBe(1);
  });

  it('name the deployment of a plan alike in its events and in the answer', async () => {
    const simulator = await simulate();
    const stream = await attachedStream(simulator.url);
    const { body, headers } = await call(`${simulator.url}/v2/apps`, 'POST', plain);
    const id = headers.get('marathon-deployment-id');
    await stream.until(() => stream.events().some(({ eventType }) => eventType === 'deployment_success'));
    const plans = stream.events().filter(({ eventType }) => eventType.startsWith('deployment_'));
    const change = stream.events().find(({ eventType }) => eventType === 'group_change_success');
    expect(new Set(plans.map(({ plan }) => (plan as { id: string }).id))).toEqual(new Set([id]));
    expect(body.deployments).toEqual([{ id }]);
    expect(change).toMatchObject({ groupId: '/', version: body.version });
  });
});

describe('the heartbeat', () => {
  it('is CR and LF, written apart, and never inside a frame', async () => {
    const { url } = await simulate({ heartbeatMs: 15 });
    const stream = await attachedStream(url);
    const before = stream.bytes().length;
    await stream.until(() => stream.bytes().length >= before + 8);
    expect(stream.bytes().slice(before)).toMatch(/^(?:\r\n)+\r?$/);
    expect(stream.chunks).toContain('\r');
  });
});

describe('a reader that does not read', () => {
  it('is cut off when its queue is full', async () => {
    const simulator = await simulate({ maxOutstanding: 5, tasks: 'none' });
    const stream = await attachedStream(simulator.url);
    stream.socket.pause();
    // More than the kernel takes, and then some frames that have to wait.
    simulator.faults.bigEvent(32 << 20);
    for (let i = 0; i < 7; i++) simulator.faults.garbageFrame();
    await eventually(() => simulator.readers() === 0);
  });

  it('only misses events before version 1.8', async () => {
    const simulator = await simulate({ maxOutstanding: 2, tasks: 'none', version: '1.5' });
    const stream = await attachedStream(simulator.url);
    simulator.faults.stallStreams();
    await simulator.deploy(plain);
    simulator.faults.resumeStreams();
    await sleep(50);
    expect(stream.events()).toHaveLength(3);
    expect(simulator.readers()).toBe(1);
  });
});

describe('credentials', () => {
  it('are asked for on every path, the stream too', async () => {
    const { url } = await simulate({ auth: { user: 'pacer', password: 'secret' } });
    for (const path of ['/ping', '/v2/apps', '/v2/events']) {
      const answer = await call(url + path, 'GET');
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('basic realm="Mesosphere"');
    }
    const token = Buffer.from('pacer:secret').toString('base64');
    const stream = await openStream(url, '', [`Authorization: Basic ${token}`]);
    expect(stream.bytes()).toMatch(/^HTTP\/1\.1 200 /);
  });
});
