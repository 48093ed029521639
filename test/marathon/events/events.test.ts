import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Credentials } from '../../../src/core/model/marathon-access.ts';
import { MarathonClient } from '../../../src/marathon/client/client.ts';
import { followedTypes, type MarathonEvent } from '../../../src/marathon/decode/event-types.ts';
import { MarathonEvents } from '../../../src/marathon/events/events.ts';
import { until } from '../mirroring.ts';
import { deadUrl, serve, serveRaw } from '../servers.ts';

const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=utf-8\r\nConnection: close\r\n\r\n';
const frame = (type: string, data: object | string) =>
  `event: ${type}\r\ndata: ${typeof data === 'string' ? data : JSON.stringify({ ...data, eventType: type })}\r\n\r\n`;
const attached = frame('event_stream_attached', {
  remoteAddress: '127.0.0.1',
  timestamp: '2021-03-01T10:00:00.123Z',
});
const terminated = (appId: string) =>
  frame('app_terminated_event', { appId, timestamp: '2021-03-01T10:00:01.000Z' });

/** Writes the pieces one by one, each in a packet of its own. */
async function dribble(socket: Socket, pieces: readonly string[]): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of pieces) {
    await new Promise<void>((resolve) => socket.write(piece, () => setImmediate(resolve)));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface Seen {
  readonly events: MarathonEvent[];
  readonly nodes: string[];
  readonly down: string[];
  readonly unreadable: string[];
  bytes: number;
  readonly stream: MarathonEvents;
}

function follow(
  endpoints: URL[],
  { watchdogMs = 10_000, credentials }: { watchdogMs?: number; credentials?: Credentials } = {},
): Seen {
  const client = new MarathonClient({ endpoints, requestTimeoutMs: 2_000, credentials });
  const seen = {
    events: [] as MarathonEvent[],
    nodes: [] as string[],
    down: [] as string[],
    unreadable: [] as string[],
    bytes: 0,
  };
  const stream = new MarathonEvents({
    endpoints: client.endpoints,
    transport: client.transport,
    watchdogMs,
    now: Date.now,
    elapsed: () => performance.now(),
    onAttached: (node) => seen.nodes.push(node.href),
    onEvent: (event) => seen.events.push(event),
    onBytes: () => seen.bytes++,
    onUnreadable: (reason) => seen.unreadable.push(reason),
    onDown: (reason) => seen.down.push(reason),
  });
  onTestFinished(async () => {
    await stream.close();
    await client.close();
  });
  return Object.assign(seen, { stream });
}

const apps = (seen: Seen) =>
  seen.events.flatMap((event) => (event.kind === 'app-terminated' ? [event.appId] : []));

describe('the bytes of an event stream', () => {
  it('make the same events however they are split', async () => {
    const text = `${attached}\r\n${terminated('/one')}\r\n\r\n${terminated('/zwölf')}`;
    const bytes = Buffer.from(text, 'utf8');
    const cuts: Buffer[] = [];
    for (let i = 0; i < bytes.length; i += 7) cuts.push(bytes.subarray(i, i + 7));
    const url = await serveRaw((socket) => {
      socket.write(head);
      void dribble(socket, cuts as unknown as string[]);
    });
    const seen = follow([url]);
    await until(() => expect(apps(seen)).toEqual(['/one', '/zwölf']));
    expect(seen.unreadable).toEqual([]);
  });

  it('may contain a heartbeat in two packets, a CRLF in two packets, and both at once', async () => {
    const url = await serveRaw((socket) => {
      const [first, second] = [terminated('/one'), terminated('/two')];
      void dribble(socket, [
        head,
        attached,
        '\r',
        '\n',
        first.slice(0, -3),
        first.slice(-3, -1),
        first.slice(-1),
        '\r',
        `\n${second.slice(0, 5)}`,
        `${second.slice(5)}\r`,
        '\n',
        terminated('/three'),
      ]);
    });
    const seen = follow([url]);
    await until(() => expect(apps(seen)).toEqual(['/one', '/two', '/three']));
    expect(seen.unreadable).toEqual([]);
  });

  it('that end in the middle of a frame make no event, and cause a new connection', async () => {
    const half = terminated('/half').slice(0, -10);
    const url = await serveRaw(
      (socket) => socket.end(`${head}${attached}${terminated('/one')}${half}`),
      (socket) => socket.write(`${head}${attached}${terminated('/two')}`),
    );
    const seen = follow([url]);
    await until(() => expect(apps(seen)).toEqual(['/one', '/two']));
    expect(seen.nodes).toHaveLength(2);
    expect(seen.unreadable).toEqual([]);
    expect(seen.stream.counts).toMatchObject({ reconnects: 1, malformed: 0 });
  });

  it('may be chunked by a proxy in between', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(attached);
      response.write(terminated('/one'));
    });
    const seen = follow([server.url]);
    await until(() => expect(apps(seen)).toEqual(['/one']));
  });
});

describe('frames of the event stream', () => {
  it('are counted and reported if they cannot be read, and the next ones still count', async () => {
    const url = await serveRaw((socket) =>
      socket.write(
        head +
          attached +
          frame('status_update_event', '{"slaveId": garbage') +
          frame('status_update_event', { appId: '/web' }) +
          frame('status_update_event', { appId: '/web', taskId: 't', taskStatus: 'TASK_DANCING' }) +
          terminated('/one'),
      ),
    );
    const seen = follow([url]);
    await until(() => expect(apps(seen)).toEqual(['/one']));
    expect(seen.unreadable).toHaveLength(3);
    expect(seen.stream.counts.malformed).toBe(3);
  });

  it('are counted and ignored if they have other types, even one named like an event of our own', async () => {
    const url = await serveRaw((socket) =>
      socket.write(
        head +
          attached +
          frame('error', {}) +
          frame('open', {}) +
          frame('framework_message_event', {}) +
          terminated('/one'),
      ),
    );
    const seen = follow([url]);
    await until(() => expect(apps(seen)).toEqual(['/one']));
    expect(seen.stream.counts.unknown).toBe(3);
    expect(seen.down).toEqual([]);
  });
});

describe('a connection to the event stream', () => {
  it('is requested exactly as Marathon expects', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(attached);
    });
    const seen = follow([server.url]);
    await until(() => expect(seen.nodes).toHaveLength(1));
    const request = server.requests[0]!;
    expect(request.headers.accept).toBe('text/event-stream');
    const asked = new URL(request.path, server.url).searchParams;
    expect(asked.getAll('event_type')).toEqual([...followedTypes]);
    expect(asked.get('plan-format')).toBe('light');
  });

  it('is abandoned when it falls silent, but heartbeats alone keep it', async () => {
    const beats = { sent: 0 };
    const url = await serveRaw(
      (socket) => {
        socket.write(head + attached);
        const timer = setInterval(() => {
          if (beats.sent++ === 20) clearInterval(timer);
          else socket.write(beats.sent % 2 === 0 ? '\r' : '\n');
        }, 50);
      },
      (socket) => socket.write(head + attached + terminated('/second')),
    );
    const seen = follow([url], { watchdogMs: 400 });
    await until(() => expect(apps(seen)).toEqual(['/second']));
    // Far more silence than the watchdog allows lay between the first byte and the last heartbeat.
    expect(beats.sent).toBe(21);
    expect(seen.down[0]).toContain('no byte for 0.4 s');
    expect(seen.bytes).toBeGreaterThanOrEqual(10);
  });

  it('is abandoned if it sends heartbeats and is never attached', async () => {
    const url = await serveRaw(
      (socket) => {
        socket.write(head);
        const timer = setInterval(() => socket.write('\r\n'), 50);
        socket.on('close', () => clearInterval(timer));
      },
      (socket) => socket.write(head + attached),
    );
    const seen = follow([url], { watchdogMs: 300 });
    await until(() => expect(seen.nodes).toHaveLength(1));
    expect(seen.down[0]).toContain('never attached');
  });

  it.each([
    [401, 'refuses the credentials for its event stream (401)'],
    [403, 'refuses the credentials for its event stream (403)'],
    [405, 'answers 405'],
    [502, 'answers 502'],
    [503, 'answers 503'],
    [204, 'answers 204'],
  ])('is attempted again when answered with %i', async (status, reason) => {
    let count = 0;
    const server = await serve((_request, response) => {
      if (count++ < 2) response.writeHead(status).end();
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).write(attached);
    });
    const seen = follow([server.url]);
    await until(() => expect(seen.nodes).toHaveLength(1));
    expect(seen.down).toHaveLength(2);
    expect(seen.down[0]).toContain(reason);
  });

  it('is attempted again when closed without a frame, as during an election', async () => {
    const url = await serveRaw(
      (socket) => socket.end(head),
      (socket) => socket.end(head),
      (socket) => socket.write(head + attached),
    );
    const seen = follow([url]);
    await until(() => expect(seen.nodes).toHaveLength(1));
    expect(seen.down).toHaveLength(2);
    expect(seen.down[0]).toContain('there is no leader yet');
  });

  it('is attempted again when answered with a page', async () => {
    const server = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    const seen = follow([server.url]);
    await until(() => expect(seen.down[0]).toContain('not an event stream'));
  });

  it('that is lost is followed by one to the next endpoint', async () => {
    const stream = (socket: Socket) => socket.write(head + attached);
    const first = await serveRaw((socket) => socket.end(head + attached));
    const second = await serveRaw(stream);
    const seen = follow([first, await deadUrl(), second]);
    await until(() => expect(seen.nodes).toEqual([first.href, second.href]));
  });
});

describe('a redirect to the leader', () => {
  const credentials = { kind: 'basic', user: 'operator', password: 'hunter2' } as const;
  const stream = (response: Parameters<Parameters<typeof serve>[0]>[1]) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(attached);
  };

  it('is followed with the credentials', async () => {
    const leader = await serve((_request, response) => stream(response));
    const standby = await serve((request, response) =>
      response.writeHead(302, { location: new URL(request.url ?? '', leader.url).href }).end(),
    );
    const seen = follow([standby.url], { credentials });
    await until(() => expect(seen.nodes).toEqual([leader.url.href]));
    expect(leader.requests[0]?.authorization).toMatch(/^Basic /);
    expect(leader.requests[0]?.path).toBe(standby.requests[0]?.path);
  });

  it('is followed without the credentials if no configured endpoint names the target', async () => {
    const stranger = await serve((_request, response) => stream(response));
    const to = (url: URL) => (request: { url?: string | undefined }) => new URL(request.url ?? '', url).href;
    const leader = await serve((request, response) =>
      response.writeHead(302, { location: to(stranger.url)(request) }).end(),
    );
    const standby = await serve((request, response) =>
      response.writeHead(302, { location: to(leader.url)(request) }).end(),
    );
    const seen = follow([standby.url], { credentials });
    await until(() => expect(seen.nodes).toEqual([stranger.url.href]));
    expect(leader.requests[0]?.authorization).toMatch(/^Basic /);
    expect(stranger.requests[0]?.authorization).toBeUndefined();
  });

  it('is an error if it is circular', async () => {
    const standby = await serve((request, response) =>
      response.writeHead(302, { location: request.url ?? '' }).end(),
    );
    const seen = follow([standby.url]);
    await until(() => expect(seen.down[0]).toContain('in a circle'));
  });
});

it('the event stream ends at once, whether it is connecting, attached or waiting', async () => {
  const silent = await serve(() => undefined);
  const open = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(attached);
  });
  const connecting = follow([silent.url]);
  const streaming = follow([open.url]);
  const waiting = follow([await deadUrl()]);
  await until(() => {
    expect(silent.requests).toHaveLength(1);
    expect(streaming.nodes).toHaveLength(1);
    expect(waiting.down.length).toBeGreaterThan(1);
  });
  await Promise.all([connecting, streaming, waiting].map((seen) => seen.stream.close()));
});
