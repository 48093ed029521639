/** What differs from app to app of one profile, on a real HAProxy: used, changed and read back while it runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import type { App } from '../../src/core/model/model.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { createRuntime } from '../../src/daemon/runtime/runtime.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import { superviseHaproxy } from '../../src/haproxy/control/supervise.ts';
import { activate, activeConfigFile, publishRevision } from '../../src/haproxy/files/publish.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { anApp, aPort, aTask } from '../support/apps.ts';
import { makePem } from '../support/certificate.ts';
import { changingHead } from '../support/changing-head.ts';
import { freePorts, haproxyProgram, installedVersion, temporaryFolder, until } from '../support/haproxy.ts';

async function haproxy() {
  const stateDir = temporaryFolder();
  mkdirSync(path.join(stateDir, 'run'));
  const [httpPort = 0, httpsPort = 0, appidPort = 0, statsPort = 0] = await freePorts(4);
  const certificate = path.join(stateDir, 'default.pem');
  writeFileSync(certificate, await makePem('localhost'));
  const { settings } = resolveSettings({
    flags: {
      ...{ groups: ['external'], stateDir, bindAddress: '127.0.0.1', httpPort, appidPort, statsPort },
      ...{ httpsPort, spareBackends: 2, servicePorts: 'none' },
    },
    environment: {},
    file: undefined,
  });
  const control = superviseHaproxy({
    program: haproxyProgram,
    version: installedVersion,
    runDir: path.join(stateDir, 'run'),
    runtimeSocket: settings.runtimeSocket,
    ...{ stopGraceMs: 0, startDeadlineMs: 20_000, reloadDeadlineMs: 20_000 },
  });
  onTestFinished(() => control.stop());
  const { render, place, serverLine } = renderer(loadFragments(), fixedHead(settings));
  const runtime = createRuntime({ control, serverLine, drainTimeoutMs: 1000, now: Date.now });
  const context = modelContext(settings, () => undefined, undefined, control.capabilities());
  const head = changingHead({ certificates: [certificate], maxconn: 100, maxpipes: 100 });
  const desiredOf = (apps: App[]) => nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
  return {
    start: async (...apps: App[]) => {
      const { hash, files, pool } = render(desiredOf(apps), head);
      const revision = await publishRevision(stateDir, { number: 1, hash, files });
      await activate(stateDir, revision.directory);
      await control.start(activeConfigFile(stateDir), hash);
      runtime.loaded(pool, new Map());
    },
    /** As a round does it. */
    bring: async (...apps: App[]) => {
      const desired = desiredOf(apps);
      const before = runtime.spares.current();
      const { placement, homeless } = (before && place(desired, before)) ?? {};
      if (homeless?.size !== 0) throw new Error('it takes a reload');
      const { pool, maps } = render(desired, head, placement);
      const steps = [
        () => runtime.bringBackends(pool, false),
        () => runtime.bringServers([...desired.services.values()]),
        () => runtime.bringFiles({ maps, pool, certificates: new Map() }),
      ];
      for (const step of steps) expect(await step()).toMatchObject({ kind: 'done' });
    },
    say: async (command: string) => (await control.runtime([command]))[0]?.text ?? '',
    servers: async (backend: string) =>
      (await control.runtime([`show servers state ${backend}`]))[0]?.text.match(/ 127\.0\.0\.1 /g)?.length ??
      0,
    /** The spare backends that serve somebody. */
    used: () =>
      [...(runtime.spares.current()?.held ?? [])].flatMap(([at, { own }]) => (at === own ? [] : [at])),
  };
}

/** A task that notes what it is asked for. */
async function recorder() {
  const paths = new Set<string>();
  const server = createServer((request, response) => {
    paths.add(request.url ?? '');
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { paths, port: (server.address() as AddressInfo).port };
}

function app(id: string, port: number, checked: string, labels: Record<string, string> = {}): App {
  return anApp(id, {
    ports: [aPort(10_000)],
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: `${id.slice(1)}.example`, ...labels },
    healthChecks: [
      {
        ...{ protocol: 'HTTP', path: checked, portIndex: 0, port: undefined },
        ...{ intervalSeconds: 1, timeoutSeconds: 1, maxConsecutiveFailures: 3, gracePeriodSeconds: 1 },
      },
    ],
    tasks: [aTask(id, 1, { host: '127.0.0.1', ports: [port] })],
  });
}

test('the path that is checked is the app’s own in a spare backend, and another at once when it changes', async () => {
  const { start, bring, say, used } = await haproxy();
  const [first, second] = [await recorder(), await recorder()];
  const odd = '/b?c=%20d&e=%[path];f,g"h\'i\\j#k';
  await start(app('/first', first.port, '/a'));
  await until(() => first.paths.has('/a'));
  await bring(app('/first', first.port, '/a'), app('/second', second.port, odd));
  const [spare = ''] = used();
  await until(() => second.paths.size > 0);
  // Not even the first check asks for anything else.
  expect([...second.paths]).toEqual([odd]);
  expect(await say('show map checks.map')).toContain(` ${spare} ${odd}`);
  expect(await say('show map spares.map')).toMatch(new RegExp(`${spare} second_10000`));
  await bring(app('/first', first.port, '/other'), app('/second', second.port, '/'));
  await until(() => first.paths.has('/other') && second.paths.has('/'));
  expect(await say('show map checks.map')).toMatch(/^\S+ first_10000 \/other\s*$/);
});

test('a spare that serves nobody any more has no servers, no values and no entry', async () => {
  const { start, bring, say, used, servers } = await haproxy();
  const [first, second] = [await recorder(), await recorder()];
  await start(app('/first', first.port, '/a'));
  await bring(
    app('/first', first.port, '/a'),
    app('/second', second.port, '/b', { HAPROXY_0_REDIRECT_TO_HTTPS: 'true' }),
  );
  const [spare = ''] = used();
  expect(await servers(spare)).toBe(1);
  expect(await say('show map redirect2https.map')).toContain(` ${spare} ${spare}`);
  await bring(app('/first', first.port, '/a'));
  expect(used()).toEqual([]);
  expect(await servers(spare)).toBe(0);
  for (const map of ['spares', 'checks', 'redirect2https', 'domain2backend', 'app2backend'])
    expect(await say(`show map ${map}.map`)).not.toContain(spare);
  // What the configuration had under its own name goes as well.
  await bring(app('/second', second.port, '/b'));
  expect(await servers('first_10000')).toBe(0);
});
