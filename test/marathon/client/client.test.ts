import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { asAppId } from '../../../src/core/model/ids.ts';
import { fetchApp, fetchApps, fetchGroup, fetchVersion } from '../../../src/marathon/client/api.ts';
import { MarathonClient, type ClientOptions } from '../../../src/marathon/client/client.ts';
import type { ErrorCode, PacerError } from '../../../src/errors.ts';
import { deadUrl, sendJson, serve } from '../servers.ts';

const apps = { apps: [{ id: '/web' }] };

function client(endpoints: URL[], options: Partial<ClientOptions> = {}): MarathonClient {
  const made = new MarathonClient({ endpoints, requestTimeoutMs: 2_000, ...options });
  onTestFinished(() => made.close());
  return made;
}

async function ids(of: MarathonClient): Promise<string[]> {
  return (await fetchApps(of)).apps.map((app) => app.id);
}

async function failure(promise: Promise<unknown>): Promise<PacerError> {
  try {
    await promise;
  } catch (error) {
    return error as PacerError;
  }
  throw new Error('it did not fail');
}

describe('a client that asks the next endpoint', () => {
  const good = () => serve((_request, response) => sendJson(response, apps));

  it('does so when the first refuses the connection, and stays with the one that answered', async () => {
    const second = await good();
    const marathon = client([await deadUrl(), second.url]);
    expect(await ids(marathon)).toEqual(['/web']);
    expect(await ids(marathon)).toEqual(['/web']);
    expect(marathon.endpoints.candidates()[0]?.href).toBe(second.url.href);
  });

  it.each<[string, Parameters<typeof serve>[0]]>([
    ['answers 502', (_request, response) => response.writeHead(502).end('<html>no leader</html>')],
    ['answers 500 in JSON', (_request, response) => sendJson(response, { message: 'oops' }, 500)],
    ['answers with a page', (_request, response) => response.writeHead(200).end('<html>welcome</html>')],
    ['answers with other JSON', (_request, response) => sendJson(response, { message: 'Too many requests' })],
    [
      'answers 404 with a page',
      (_request, response) => response.writeHead(404).end('<html>nothing here</html>'),
    ],
    ['never answers', () => undefined],
    [
      'stops in the middle',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('{"apps": [', () => response.destroy());
      },
    ],
    [
      'cuts its gzip short',
      (_request, response) => {
        const whole = gzipSync(JSON.stringify(apps));
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole.subarray(0, whole.length - 9));
      },
    ],
    [
      'sends garbage as gzip',
      (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('garbage'),
    ],
    [
      'compresses with something else',
      (_request, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('x'),
    ],
    ['refuses the credentials', (_request, response) => response.writeHead(401).end()],
  ])('does so when the first %s', async (_name, handler) => {
    const first = await serve(handler);
    const second = await good();
    expect(await ids(client([first.url, second.url], { requestTimeoutMs: 300 }))).toEqual(['/web']);
    expect(first.requests).toHaveLength(1);
  });

  it('does so when the preferred one hangs: the first request waits for it, the next ones ask the other at once', async () => {
    const hanging = await serve(() => undefined);
    const second = await good();
    const marathon = client([hanging.url, second.url], { requestTimeoutMs: 300 });
    for (let i = 0; i < 3; i++) await fetchApps(marathon, { prefer: hanging.url });
    expect(hanging.requests).toHaveLength(1);
    expect(second.requests).toHaveLength(3);
  });
});

describe('an error when no endpoint helps', () => {
  it.each<[ErrorCode, number, string]>([
    ['MARATHON_REFUSED', 401, 'refuses the credentials (401)'],
    ['MARATHON_REFUSED', 403, 'refuses the credentials (403)'],
    ['MARATHON_REFUSED', 422, 'answers 422'],
    ['MARATHON_REFUSED', 302, 'answers 302'],
    ['MARATHON_UNREACHABLE', 503, 'answers 503'],
  ])('is %s for %i', async (code, status, reason) => {
    const server = await serve((_request, response) => response.writeHead(status).end());
    const error = await failure(fetchApps(client([server.url])));
    expect(error).toMatchObject({ name: 'PacerError', code });
    expect(error.message).toContain(reason);
    expect(error.remedy).not.toBe('');
  });

  it('names every endpoint that was tried', async () => {
    const dead = await deadUrl();
    const page = await serve((_request, response) => response.end('<html>'));
    const error = await failure(fetchApps(client([dead, page.url])));
    expect(error.code).toBe('MARATHON_MALFORMED');
    expect(error.message).toContain(dead.host);
    expect(error.message).toContain(page.url.host);
  });

  it('is MARATHON_UNREACHABLE if nobody listens', async () => {
    const error = await failure(fetchApps(client([await deadUrl()])));
    expect(error.code).toBe('MARATHON_UNREACHABLE');
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('never shows a password', async () => {
    const server = await serve((_request, response) => response.writeHead(401).end());
    const withPassword = new URL(server.url);
    withPassword.username = 'operator';
    withPassword.password = 'hunter2';
    const error = await failure(fetchApps(client([withPassword])));
    expect(`${error.message} ${error.remedy} ${error.stack ?? ''}`).not.toMatch(/hunter2|aHVudGVy/);
  });

  it('is also reported for a missing list of apps, instead of an empty Marathon', async () => {
    const server = await serve((_request, response) => sendJson(response, { message: 'URI not found' }, 404));
    expect((await failure(fetchApps(client([server.url])))).code).toBe('MARATHON_REFUSED');
  });
});

describe('the body of an answer', () => {
  it('is requested and received compressed', async () => {
    const server = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(apps))),
    );
    expect(await ids(client([server.url]))).toEqual(['/web']);
    expect(server.requests[0]?.headers['accept-encoding']).toBe('gzip');
  });

  it('is refused if it is too large, compressed or not', async () => {
    const large = JSON.stringify({ apps: [], padding: ' '.repeat(100_000) });
    const plain = await serve((_request, response) => response.end(large));
    expect((await failure(fetchApps(client([plain.url], { maxBytes: 10_000 })))).code).toBe(
      'MARATHON_UNREACHABLE',
    );
    const bomb = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(large)),
    );
    expect((await failure(fetchApps(client([bomb.url], { maxBytes: 10_000 })))).code).toBe(
      'MARATHON_MALFORMED',
    );
  });
});

describe('a body beyond its limit', () => {
  /** Sends without an end, and counts what the network has taken. */
  async function endless() {
    const sent = { bytes: 0, closed: 0 };
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const { url } = await serve((_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent.bytes += chunk.length;
      };
      response.on('drain', more).on('close', () => sent.closed++);
      more();
    });
    return { url, sent };
  }

  it('is read no further, and the message names the limit', async () => {
    const { url, sent } = await endless();
    const error = await failure(fetchApp(client([url]), asAppId('/web')));
    expect(error.message).toContain('the answer is larger than 64 MiB');
    await vi.waitFor(() => expect(sent.closed).toBe(1));
    // What the sockets on both sides hold comes on top.
    expect(sent.bytes).toBeLessThan(96 * 1024 * 1024);
  });

  it('still counts as a refusal of any size: its first megabyte is enough', async () => {
    const sent = { bytes: 0 };
    const server = await serve((_request, response) => {
      response.writeHead(404);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, ' '))) sent.bytes += 65_536;
      };
      response.on('drain', more);
      more();
    });
    const error = await failure(fetchApp(client([server.url]), asAppId('/web')));
    expect(error.message).toContain('the answer is larger than 1 MiB');
  });
});

describe('the leader', () => {
  it('that an endpoint announces is asked first from then on', async () => {
    const leader = await serve((_request, response) => sendJson(response, apps));
    const standby = await serve((_request, response) =>
      sendJson(response, apps, 200, { 'x-marathon-leader': leader.url.href }),
    );
    const marathon = client([standby.url]);
    await ids(marathon);
    await ids(marathon);
    expect([standby.requests.length, leader.requests.length]).toEqual([1, 1]);
  });

  it('that cannot be reached is left alone for a while', async () => {
    const dead = await deadUrl();
    const standby = await serve((_request, response) =>
      sendJson(response, apps, 200, { 'x-marathon-leader': dead.href }),
    );
    const marathon = client([standby.url]);
    for (let i = 0; i < 3; i++) expect(await ids(marathon)).toEqual(['/web']);
    expect(marathon.endpoints.candidates().map((url) => url.href)).toEqual([standby.url.href]);
  });

  it.each(['', 'not a url', 'leader.example:8080', 'file:///etc/passwd'])(
    'named %j is not used',
    async (name) => {
      const standby = await serve((_request, response) =>
        sendJson(response, apps, 200, { 'x-marathon-leader': name }),
      );
      const marathon = client([standby.url]);
      await ids(marathon);
      expect(marathon.endpoints.leader).toBeUndefined();
    },
  );
});

describe('credentials for Marathon', () => {
  const credentials = { kind: 'basic', user: 'operator', password: 'pässword' } as const;
  const expected = `Basic ${Buffer.from('operator:pässword').toString('base64')}`;

  it('are sent to configured endpoints and to the leader that one of them names, and to no one else', async () => {
    const stranger = await serve((_request, response) => sendJson(response, apps));
    const leader = await serve((_request, response) =>
      sendJson(response, apps, 200, { 'x-marathon-leader': stranger.url.href }),
    );
    const standby = await serve((_request, response) =>
      sendJson(response, apps, 200, { 'x-marathon-leader': leader.url.href }),
    );
    const marathon = client([standby.url], { credentials });
    for (let i = 0; i < 3; i++) await ids(marathon);
    expect(standby.requests.map((request) => request.authorization)).toEqual([expected]);
    expect(leader.requests.map((request) => request.authorization)).toEqual([expected, expected]);
    expect(stranger.requests).toEqual([]);
  });

  it('in the URL of an endpoint are used for that endpoint', async () => {
    const server = await serve((_request, response) => sendJson(response, apps));
    const url = new URL(server.url);
    url.username = 'operator';
    url.password = 'p%C3%A4ssword';
    await ids(client([url]));
    expect(server.requests[0]?.authorization).toBe(expected);
  });
});

describe('the requests of a client', () => {
  it('go below the path of an endpoint and encode ids', async () => {
    const server = await serve((request, response) => {
      if (request.url?.endsWith('/v2/info')) sendJson(response, { version: '1.11.24' });
      else if (request.url?.includes('/*')) sendJson(response, { '*': [{ id: '/team/a' }] });
      else if (request.url?.includes('gone'))
        sendJson(response, { message: "App '/gone' does not exist" }, 404);
      else sendJson(response, { app: { id: '/team/web' } });
    });
    const marathon = client([new URL('/service/marathon/', server.url)]);
    expect((await fetchApp(marathon, asAppId('/team/w?b')))?.apps[0]?.id).toBe('/team/web');
    expect(await fetchApp(marathon, asAppId('/gone'))).toBeUndefined();
    expect((await fetchGroup(marathon, '/team'))?.apps[0]?.id).toBe('/team/a');
    expect(await fetchVersion(marathon)).toBe('1.11.24');
    expect(server.requests.map((request) => request.path)).toEqual([
      '/service/marathon/v2/apps/team/w%3Fb?embed=app.tasks&embed=app.readiness',
      '/service/marathon/v2/apps/gone?embed=app.tasks&embed=app.readiness',
      '/service/marathon/v2/apps/team/*?embed=apps.tasks&embed=apps.deployments&embed=apps.readiness',
      '/service/marathon/v2/info',
    ]);
  });

  it('end at once when they are aborted', async () => {
    const server = await serve(() => undefined);
    const marathon = client([server.url]);
    const controller = new AbortController();
    const failed = failure(fetchApps(marathon, { signal: controller.signal }));
    controller.abort(new Error('no longer wanted'));
    expect((await failed).message).toContain('no longer wanted');
  });
});
