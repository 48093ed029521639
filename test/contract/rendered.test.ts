/**
 * What Pacer renders is read by the fake HAProxy as by the real one of the same version, and Pacer's own commands bring
 * both from any apps to any other ones in the same steps. And a request goes where the routes say.
 */
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nextDesired, nothingDesired, type Desired } from '../../src/core/desired/desired.ts';
import { resolveRoute } from '../../src/core/routing/lookups.ts';
import type { App } from '../../src/core/model/model.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import { bringMaps } from '../../src/daemon/runtime/runtime-maps.ts';
import { runtimeServers } from '../../src/daemon/runtime/runtime-servers.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { capabilitiesOf } from '../../src/haproxy/machine/capabilities.ts';
import type { HaproxyControl } from '../../src/haproxy/control/control.ts';
import { activate, activeConfigFile, publishRevision } from '../../src/haproxy/files/publish.ts';
import type { RuntimeCommand } from '../../src/haproxy/cli/runtime-command.ts';
import { superviseHaproxy } from '../../src/haproxy/control/supervise.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { aCheck, anApp, aPort } from '../support/apps.ts';
import { changingHead } from '../support/changing-head.ts';
import { makePem } from '../support/certificate.ts';
import { fakeHaproxy, FakeDisk } from '../support/fake-haproxy/fake-haproxy.ts';
import { freePorts, haproxyProgram, installedVersion, temporaryFolder } from '../support/haproxy.ts';
import { silentTask } from './targets.ts';

const labels = (more: Record<string, string>): Partial<App> => ({
  labels: { HAPROXY_GROUP: 'external', ...more },
});
/** Apps whose services differ in what HAProxy has of them. */
const kinds: Readonly<Record<string, Partial<App>>> = {
  '/plain': {},
  '/web': labels({ HAPROXY_0_MODE: 'http', HAPROXY_0_VHOST: 'web.example,*.wild.example' }),
  '/path': labels({ HAPROXY_0_MODE: 'http', HAPROXY_0_VHOST: 'web.example', HAPROXY_0_PATH: '/path' }),
  '/other': labels({ HAPROXY_0_VHOST: 'other.example', HAPROXY_0_REDIRECT_TO_HTTPS: 'true' }),
  '/hashed': labels({ HAPROXY_0_BALANCE: 'source' }),
  '/static': labels({ HAPROXY_0_BALANCE: 'static-rr' }),
  '/sticky': labels({ HAPROXY_0_MODE: 'http', HAPROXY_0_STICKY: 'true', HAPROXY_0_VHOST: 'sticky.example' }),
  '/guarded': labels({
    HAPROXY_0_MODE: 'http',
    HAPROXY_0_AUTH: 'realm:user:$5$salt$hash',
    HAPROXY_0_VHOST: 'guarded.example',
  }),
  '/checked': { healthChecks: [aCheck({ protocol: 'TCP', intervalSeconds: 3600 })] },
  '/grouped': labels({ HAPROXY_DEPLOYMENT_GROUP: 'grouped' }),
  '/grouped-new': labels({ HAPROXY_DEPLOYMENT_GROUP: 'grouped' }),
};
const ids = Object.keys(kinds);
type Tasks = readonly (readonly ('none' | 'ready' | 'leaving')[] | 'no app')[];
const anyTasks: fc.Arbitrary<Tasks> = fc.tuple(
  ...ids.map(() =>
    fc.oneof(
      { weight: 1, arbitrary: fc.constant('no app' as const) },
      {
        weight: 4,
        arbitrary: fc.array(
          fc.constantFrom('none' as const, 'ready' as const, 'ready' as const, 'leaving' as const),
          {
            maxLength: 4,
          },
        ),
      },
    ),
  ),
);

async function opened() {
  const stateDir = temporaryFolder();
  const certificate = path.join(stateDir, 'default.pem');
  const pem = await makePem('web.example');
  writeFileSync(certificate, pem);
  const [httpPort = 0, httpsPort = 0, appidPort = 0, statsPort = 0, ...ports] = await freePorts(
    4 + ids.length,
  );
  const { settings } = resolveSettings({
    flags: {
      ...{
        groups: ['external'],
        stateDir,
        bindAddress: '127.0.0.1',
        httpPort,
        httpsPort,
        appidPort,
        statsPort,
      },
    },
    ...{ environment: {}, file: undefined },
  });
  const { render, serverLine } = renderer(loadFragments(), fixedHead(settings));
  const context = modelContext(settings, () => undefined, undefined, capabilitiesOf(installedVersion));
  const appsOf = (tasks: Tasks): App[] =>
    ids.flatMap((id, i) => {
      const states = tasks[i] ?? 'no app';
      if (states === 'no app') return [];
      const all = states.flatMap((state, n) =>
        state === 'none' ? [] : [silentTask(id, 10 * i + n + 1, { leaving: state === 'leaving' })],
      );
      return [anApp(id, { ports: [aPort(ports[i])], ...kinds[id], tasks: all })];
    });
  const desiredOf = (tasks: Tasks): Desired =>
    nextDesired(nothingDesired, { changed: appsOf(tasks), removed: [] }, context);
  const renderedOf = (desired: Desired) =>
    render(desired, changingHead({ certificates: [certificate], maxconn: 200, maxpipes: 200 }));
  return { settings, stateDir, certificate, pem, desiredOf, renderedOf, serverLine };
}

test('what Pacer renders, and what it sends, leads to the same on the fake and on the real HAProxy', async () => {
  const { settings, stateDir, certificate, pem, desiredOf, renderedOf, serverLine } = await opened();
  mkdirSync(path.join(stateDir, 'run'));
  const real = superviseHaproxy({
    ...{ program: haproxyProgram, version: installedVersion, runDir: path.join(stateDir, 'run') },
    ...{
      runtimeSocket: settings.runtimeSocket,
      stopGraceMs: 0,
      startDeadlineMs: 20_000,
      reloadDeadlineMs: 20_000,
    },
  });
  onTestFinished(() => real.stop());
  const version = /version (\S+)/.exec(execFileSync(haproxyProgram, ['-v'], { encoding: 'utf8' }))?.[1] ?? '';
  const fake = fakeHaproxy({ version, disk: new FakeDisk(stateDir) });
  fake.disk.files.set(certificate, pem);
  const both = [real, fake.control()];
  let number = 0;

  const load = async (desired: Desired) => {
    const { hash, files, maps } = renderedOf(desired);
    const revision = { number: ++number, hash, files };
    await activate(stateDir, (await publishRevision(stateDir, revision)).directory);
    fake.disk.activate(fake.disk.write(revision).directory);
    for (const control of both) {
      if (number === 1) await control.start(activeConfigFile(stateDir), hash);
      else expect(await control.reload(hash)).toMatchObject({ kind: 'done' });
    }
    await compare([...maps.keys()]);
  };
  const compare = async (maps: readonly string[]) => {
    const [ofReal, ofFake] = [await shown(real, maps), await shown(both[1]!, maps)];
    expect(ofFake).toEqual(ofReal);
  };

  await fc.assert(
    fc.asyncProperty(anyTasks, fc.array(anyTasks, { minLength: 1, maxLength: 3 }), async (first, rest) => {
      await load(desiredOf(first));
      for (const tasks of rest) {
        const desired = desiredOf(tasks);
        const { maps } = renderedOf(desired);
        const outcomes: string[] = [];
        for (const control of both) {
          const sent: string[] = [];
          const listening = listened(control, sent);
          const servers = await runtimeServers(listening, serverLine).bring([...desired.services.values()]);
          const routes = servers.kind === 'done' ? await bringMaps(listening, maps) : undefined;
          outcomes.push(JSON.stringify([servers, routes, sent.map(withoutReference)]));
        }
        expect(outcomes[1]).toBe(outcomes[0]);
        await compare([...maps.keys()]);
        if (outcomes[0]?.includes('"impossible"') === true) await load(desired);
      }
    }),
    {
      numRuns: Number(process.env['RUNS'] ?? 20),
      seed: Number(process.env['SEED'] ?? 20_261),
      endOnFailure: true,
    },
  );
}, 180_000);

const withoutReference = (text: string): string => text.replace(/0x[0-9a-f]+/g, '0x');

function listened(control: HaproxyControl, sent: string[]) {
  return {
    capabilities: () => control.capabilities(),
    runtime: (commands: readonly RuntimeCommand[]) => {
      sent.push(
        ...commands.map((each) => (typeof each === 'string' ? each : `${each.line}\n${each.payload}`)),
      );
      return control.runtime(commands);
    },
  };
}

/** Servers and maps, without times, references and what checks have found of tasks that are not there. */
async function shown(control: HaproxyControl, maps: readonly string[]): Promise<string[]> {
  const replies = await control.runtime([
    'show servers state',
    'show map',
    ...maps.map((map) => `show map ${map}`),
  ]);
  return replies.map(({ text }) =>
    withoutReference(text)
      // Ids are shared with patterns that are in no map.
      .replace(/^\d+ \(/gm, '(')
      .replace(
        /^((?:\S+ ){5})\d( (?:\S+ ){3})\d+ \d+ \d+ \d+( \d+)/gm,
        (line, start: string, middle: string, state: string) =>
          / (?:6|7|14|15)$/.test(state)
            ? `${start}-${middle}- - - -${state}`
            : line.replace(/^((?:\S+ ){9})\d+/, '$1-'),
      ),
  );
}

test('a request on the fake goes where the routes say', async () => {
  const { certificate, pem, settings, desiredOf, renderedOf } = await opened();
  const fake = fakeHaproxy({ version: '2.6.12' });
  fake.disk.files.set(certificate, pem);
  const hosts = [
    'web.example',
    'a.wild.example',
    'wild.example',
    'WEB.example:80',
    'other.example',
    'sticky.example',
    'no.example',
  ];
  const anyRequest = fc.record({
    host: fc.constantFrom(...hosts),
    path: fc.constantFrom('/', '/path', '/path/x', '/pat', '/paths'),
  });
  await fc.assert(
    fc.asyncProperty(anyTasks, fc.array(anyRequest, { minLength: 1 }), async (tasks, requests) => {
      const desired = desiredOf(tasks);
      const { hash, files } = renderedOf(desired);
      fake.disk.activate(fake.disk.write({ number: 1, hash, files }).directory);
      expect(fake.haproxy.start()).toBeUndefined();
      await Promise.resolve();
      for (const request of requests) {
        const backend = resolveRoute(desired.routes, request)?.entry.backend;
        const answer = fake.request(request);
        if (backend === undefined) expect(answer).toEqual({ kind: 'status', status: 404 });
        else if (backend.startsWith('other')) expect(answer).toEqual({ kind: 'status', status: 301 });
        else {
          const service = desired.services.get(backend);
          const ready = service?.servers.filter(({ admin: admin }) => admin === 'ready') ?? [];
          const addresses = ready.map(({ address, port }) => `${address}:${port}`).sort();
          expect(answer).toMatchObject({ kind: 'servers', backend });
          expect(fake.reached(request).sort()).toEqual(addresses);
          expect(fake.reached({ port: service?.definition.servicePort ?? 0 }).sort()).toEqual(addresses);
        }
      }
      expect(fake.request({ port: settings.statsPort, path: '/' })).toBeDefined();
    }),
    { numRuns: 100, seed: 20_261 },
  );
});
