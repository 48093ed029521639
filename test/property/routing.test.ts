/** What `pacer explain` says of a request is what HAProxy does with it, for any routes and any request. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { nextDesired, nothingDesired, type Desired } from '../../src/core/desired/desired.ts';
import { resolveRoute, type RequestTarget } from '../../src/core/routing/lookups.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { anApp, aPort } from '../support/apps.ts';
import { aContext } from '../support/context.ts';
import { freePorts, haproxyProgram, temporaryFolder } from '../support/haproxy.ts';
import { changingHead } from '../support/changing-head.ts';

const label = fc.constantFrom('a', 'b');
const host = fc.array(label, { minLength: 1, maxLength: 2 }).map((labels) => labels.join('.'));
const segment = fc.constantFrom('', 'a', 'b', 'ab', 'A', 'aB', 'a%20b', 'a.b');
const path = fc.array(segment, { minLength: 0, maxLength: 3 }).map((segments) => `/${segments.join('/')}`);

const labels = fc.record(
  {
    HAPROXY_0_VHOST: fc
      .array(
        fc.oneof(
          { weight: 3, arbitrary: host },
          host.map((name) => `*.${name}`),
        ),
        {
          minLength: 1,
          maxLength: 2,
        },
      )
      .map((names) => names.join(',')),
    HAPROXY_0_PATH: fc
      .tuple(fc.boolean(), fc.array(path, { minLength: 1, maxLength: 2 }))
      .map(([ignoreCase, paths]) => `${ignoreCase ? '-i ' : ''}${paths.join(' ')}`),
    HAPROXY_0_PATH_TYPE: fc.constantFrom('begin', 'prefix', 'exact'),
    HAPROXY_0_BACKEND_WEIGHT: fc.constantFrom('0', '1', '2'),
  },
  { requiredKeys: ['HAPROXY_0_VHOST'] },
);

const target = fc.record({
  host: fc
    .tuple(
      fc.constantFrom('', '', '', '.', 'x.', 'other, '),
      host,
      fc.constantFrom('', '', '.', '..', ':80', '.:8080', ':'),
      fc.boolean(),
    )
    .map(([before, name, after, loud]) => `${before}${loud ? name.toUpperCase() : name}${after}`),
  path: fc.tuple(path, fc.constantFrom('', '', '/', 'x', '?a=/b')).map(([text, after]) => `${text}${after}`),
});

test('a request goes where resolveRoute says', { timeout: 240_000 }, async () => {
  const samples = fc.array(labels, { minLength: 5, maxLength: 20 });
  const requests = fc.array(target, { minLength: 60, maxLength: 60 });
  let routed = 0;
  await fc.assert(
    fc.asyncProperty(samples, requests, async (apps, targets) => {
      const desired = nextDesired(
        nothingDesired,
        {
          changed: apps.map((own, i) =>
            anApp(`/app${i}`, { labels: { HAPROXY_GROUP: 'external', ...own }, ports: [aPort(10_000 + i)] }),
          ),
          removed: [],
        },
        aContext({ servicePorts: false }),
      );
      const haproxy = await serve(desired);
      try {
        for (const asked of targets) {
          const said = resolveRoute(desired.routes, { ...asked, path: asked.path.replace(/\?.*/, '') });
          const went = await haproxy.ask(asked);
          // 3.0 and later take a comma for what it is: no part of a host's name.
          if (asked.host.includes(',') && went.includes('400 Bad request')) continue;
          expect([asked, went]).toEqual([asked, said?.entry.backend ?? 'nobody']);
          if (said !== undefined) routed += 1;
        }
      } finally {
        await haproxy.end();
      }
    }),
    { numRuns: 30, seed: 20_262 },
  );
  // Else it would have been about unknown hosts only.
  expect(routed).toBeGreaterThan(600);
});

/** A HAProxy with the rendered configuration, but for its backends, each of which answers with its name. */
async function serve(desired: Desired) {
  const folder = temporaryFolder();
  const [http = 0, https = 0, appid = 0, stats = 0] = await freePorts(4);
  const { settings } = resolveSettings({
    flags: {
      ...{ groups: ['external'], bindAddress: '127.0.0.1', stateDir: folder },
      ...{ httpPort: http, httpsPort: https, appidPort: appid, statsPort: stats },
      runtimeSocket: join(folder, 's'),
    },
    environment: {},
    file: undefined,
  });
  const frame = { ...fixedHead(settings), httpsPort: undefined };
  const { files } = renderer(loadFragments(), frame).render(desired, changingHead());
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const text = String(content).replace(
      /^backend (app\d+_\d+)$/gm,
      (line, backend: string) =>
        `${line}\n  http-request return status 200 content-type text/plain string ${backend}`,
    );
    writeFileSync(join(folder, name), text);
  }
  const child = spawn(haproxyProgram, ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  while (!(await listens(http))) {
    if (child.exitCode !== null) throw new Error(`HAProxy ended with ${child.exitCode}`);
    await sleep(10);
  }
  return {
    ask: ({ host: name, path: url }: RequestTarget): Promise<string> =>
      new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port: http, path: url, agent, headers: { Host: name } }, (response) => {
          let text = '';
          response.on('data', (chunk) => (text += String(chunk)));
          response.once('end', () => resolve(response.statusCode === 404 ? 'nobody' : text));
        })
          .once('error', reject)
          .end();
      }),
    end: async () => {
      agent.destroy();
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
