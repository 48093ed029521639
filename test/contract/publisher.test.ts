/** The contract of `Publisher`: the same cases for the one on disk with a real HAProxy, and for the fake in memory. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import type { App } from '../../src/core/model/model.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import { createPublisher, type Publisher } from '../../src/daemon/publish/publisher.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import type { HaproxyControl } from '../../src/haproxy/control/control.ts';
import { listRevisions, type PublishedRevision } from '../../src/haproxy/files/publish.ts';
import { runningOf } from '../../src/haproxy/control/running.ts';
import { superviseHaproxy } from '../../src/haproxy/control/supervise.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer, type Rendering } from '../../src/render/render.ts';
import { resolveSettings, type Settings } from '../../src/settings/settings.ts';
import { anApp, aPort } from '../support/apps.ts';
import { changingHead } from '../support/changing-head.ts';
import { fakeHaproxy, FakeDisk } from '../support/fake-haproxy/fake-haproxy.ts';
import { freePorts, haproxyProgram, installedVersion, temporaryFolder } from '../support/haproxy.ts';
import { silentTask } from './targets.ts';

interface PublisherWorld {
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly again: () => Promise<Publisher>;
  readonly revisions: () => Promise<PublishedRevision[]>;
}

const real = async ({ stateDir, runtimeSocket }: Settings): Promise<PublisherWorld> => {
  mkdirSync(path.join(stateDir, 'run'));
  const control = superviseHaproxy({
    ...{
      program: haproxyProgram,
      version: installedVersion,
      runDir: path.join(stateDir, 'run'),
      runtimeSocket,
    },
    ...{ stopGraceMs: 0, startDeadlineMs: 20_000, reloadDeadlineMs: 20_000 },
  });
  onTestFinished(() => control.stop());
  const again = () =>
    createPublisher({
      ...{ stateDir, copyTo: undefined, program: haproxyProgram, control, keep: 3, now: () => 0 },
    });
  return { control, publisher: await again(), again, revisions: () => listRevisions(stateDir) };
};

const fake = ({ stateDir }: Settings): Promise<PublisherWorld> => {
  const haproxy = fakeHaproxy({ disk: new FakeDisk(stateDir) });
  const control = haproxy.control();
  const again = () => Promise.resolve(haproxy.publisher({ control, keep: 3 }));
  const revisions = () => Promise.resolve(haproxy.disk.list().map(({ published }) => published));
  return Promise.resolve({ control, publisher: haproxy.publisher({ control, keep: 3 }), again, revisions });
};

describe.each([
  ['on disk', real],
  ['of the fake', fake],
])('the publisher %s', (_, open) => {
  async function started() {
    const [appidPort = 0, statsPort = 0, servicePort = 0] = await freePorts(3);
    const { settings } = resolveSettings({
      flags: {
        ...{
          groups: ['external'],
          stateDir: temporaryFolder(),
          bindAddress: '127.0.0.1',
          appidPort,
          statsPort,
        },
        dontBindHttpHttps: true,
      },
      ...{ environment: {}, file: undefined },
    });
    const { render } = renderer(loadFragments(), fixedHead(settings));
    const context = modelContext(settings, () => undefined);
    const world = await open(settings);
    const app = (tasks: number, parts: Partial<App> = {}) =>
      anApp('/web', {
        ...{ ports: [aPort(servicePort)], ...parts },
        tasks: Array.from({ length: tasks }, (_none, i) => silentTask('/web', i + 1)),
      });
    const rendered = (...apps: App[]) => {
      const desired = nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
      return { desired, rendering: render(desired, changingHead({ maxconn: 200, maxpipes: 50 })) };
    };
    const write = (...apps: App[]) => {
      const { desired, rendering } = rendered(...apps);
      return world.publisher
        .write(rendering, desired, 'a test')
        .then((revision) => ({ revision, rendering, desired }));
    };
    const hash = async () => runningOf(await world.control.running())?.hash;
    return { ...world, app, rendered, write, hash, backend: `web_${servicePort}`, servicePort };
  }

  /** With a line in the backend that HAProxy does not know. */
  const spoilt = ({ files, ...rest }: Rendering): Rendering => {
    const text = String(files.get('haproxy.cfg')).replace(/^ {2}server 127_.*$/m, '$& bogus');
    return { ...rest, files: new Map(files).set('haproxy.cfg', text) };
  };

  test('starts HAProxy with the first revision, reloads it with the next, and keeps the newest', async () => {
    const { publisher, app, write, hash, revisions } = await started();
    expect(publisher.activeHash()).toBeUndefined();
    const first = await write(app(1));
    expect(await publisher.complaints(first.revision)).toBeUndefined();
    await publisher.apply(first.revision, first.rendering.hash, false);
    expect([publisher.activeHash(), await hash()]).toEqual([first.rendering.hash, first.rendering.hash]);
    for (let tasks = 2; tasks < 6; tasks++) {
      const next = await write(app(tasks));
      await publisher.apply(next.revision, next.rendering.hash, true);
      expect([publisher.activeHash(), await hash()]).toEqual([next.rendering.hash, next.rendering.hash]);
    }
    expect((await revisions()).map(({ number }) => number)).toEqual([5, 4, 3]);
  });

  test('a revision that HAProxy refuses is gone, and the messages name the line', async () => {
    const { publisher, app, rendered, revisions } = await started();
    const { desired, rendering } = rendered(app(1));
    const bad = spoilt(rendering);
    const revision = await publisher.write(bad, desired, 'a test');
    const lines = String(bad.files.get('haproxy.cfg')).split('\n');
    const line = lines.findIndex((each) => each.endsWith(' bogus')) + 1;
    expect(await publisher.complaints(revision)).toMatchObject([
      {
        ...{ severity: 'alert', line, file: path.join(revision.directory, 'haproxy.cfg') },
        text: expect.stringContaining("unknown keyword 'bogus'") as string,
      },
    ]);
    expect(await revisions()).toEqual([]);
    expect(rendering.backendAt(line)).toBe([...desired.services.keys()][0]);
  });

  test('a reload that fails makes the one before current again', async () => {
    const { publisher, app, write, rendered, hash, revisions } = await started();
    const good = await write(app(1));
    await publisher.apply(good.revision, good.rendering.hash, false);
    const { desired, rendering } = rendered(app(2));
    const bad = await publisher.write(spoilt(rendering), desired, 'a test');
    await expect(publisher.apply(bad, rendering.hash, true)).rejects.toMatchObject({
      code: 'HAPROXY_RELOAD_FAILED',
      message: expect.stringContaining("unknown keyword 'bogus'") as string,
    });
    await publisher.look();
    expect([publisher.activeHash(), await hash()]).toEqual([good.rendering.hash, good.rendering.hash]);
    expect((await revisions()).map(({ number }) => number)).toEqual([1]);
  });

  test('a HAProxy that does not start with it is none, and says why', async () => {
    const { publisher, app, rendered, control } = await started();
    const { desired, rendering } = rendered(app(1));
    const bad = await publisher.write(spoilt(rendering), desired, 'a test');
    await expect(publisher.apply(bad, rendering.hash, false)).rejects.toMatchObject({
      code: 'HAPROXY_START_FAILED',
      message: expect.stringContaining("unknown keyword 'bogus'") as string,
    });
    expect(await control.running()).toEqual({ kind: 'absent' });
  });

  test('makes a revision current for the next start, and leaves HAProxy as it is', async () => {
    const { publisher, app, write, hash, again, control } = await started();
    const first = await write(app(1));
    await publisher.apply(first.revision, first.rendering.hash, false);
    const next = await write(app(2));
    await publisher.makeCurrent(next.revision);
    expect([publisher.activeHash(), await hash()]).toEqual([next.rendering.hash, first.rendering.hash]);
    const anew = await again();
    expect(anew.activeHash()).toBe(next.rendering.hash);
    expect(anew.takeNumber()).toBe(3);
    expect(await control.reload(next.rendering.hash)).toMatchObject({ kind: 'done' });
  });

  test('knows what each revision serves and listens on; a discarded one is gone', async () => {
    const { publisher, app, write, revisions, backend, servicePort } = await started();
    const { revision, rendering } = await write(app(1));
    expect(publisher.contentsOf(rendering.hash)).toEqual({
      ...{ binds: new Set([`127.0.0.1:${servicePort}`]), backends: new Set([backend]) },
    });
    expect(publisher.contentsOf('another')).toBeUndefined();
    await publisher.discard(revision);
    expect(await revisions()).toEqual([]);
  });
});
