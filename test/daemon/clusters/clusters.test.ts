/** Several clusters at a start: absence of knowledge is never a removal. */
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AppId } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { followClusters, type Clusters } from '../../../src/daemon/clusters/clusters.ts';
import { mirrorFile, previousOf, readMirror, writeMirror } from '../../../src/daemon/storage/mirror-file.ts';
import { MergedApps } from '../../../src/marathon/mirror/merged-apps.ts';
import type { MirrorChange } from '../../../src/marathon/sync/source.ts';
import { resolveSettings } from '../../../src/settings/settings.ts';
import { startSimulator, type Simulator } from '../../../src/simulator/simulator.ts';
import { anApp, aTask } from '../../support/apps.ts';

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'pacer-clusters-'));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const nowhere = 'http://127.0.0.1:1';
const asId = (id: string) => id as AppId;
const mapOf = (...ids: string[]): Map<AppId, App> =>
  new Map(ids.map((id) => [asId(id), anApp(id, { tasks: [aTask(id, 1)] })]));
const until = <T>(happens: () => T | Promise<T>) => vi.waitFor(happens, { timeout: 20_000, interval: 10 });

async function marathon(...ids: string[]): Promise<Simulator> {
  const simulator = await startSimulator({
    tasks: 'none',
    timings: { offerMs: 1, startingMs: 1, runningMs: 1 },
  });
  onTestFinished(() => simulator.close());
  for (const id of ids) await simulator.deploy({ id, instances: 1, labels: { HAPROXY_GROUP: 'external' } });
  return simulator;
}

interface Following {
  readonly clusters: Clusters;
  /** The apps as they were handed out last; undefined while nothing was. */
  readonly apps: () => string[] | undefined;
  readonly removed: () => string[];
  readonly said: string[];
}

async function follow(marathons: Record<string, string> | string, patienceMs = 600_000): Promise<Following> {
  const file = join(stateDir, 'pacer.yaml');
  await writeFile(
    file,
    JSON.stringify(typeof marathons === 'string' ? { marathon: marathons } : clustersOf(marathons)),
  );
  const { settings } = resolveSettings({ flags: { groups: ['external'], stateDir }, environment: {}, file });
  const changes: MirrorChange[] = [];
  const said: string[] = [];
  const clusters = await followClusters({
    ...{ settings, patienceMs },
    context: { groups: ['external'], health: { required: false } } as never,
    log: pino({ level: 'info' }, { write: (line: string) => said.push(line) }),
    onNews: (news) => changes.push(news),
    onEventLag: () => undefined,
  });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= clusters.close());
  onTestFinished(close);
  return {
    clusters: { ...clusters, close },
    apps: () => changes.at(-1) && [...changes.at(-1)!.apps.keys()].sort(),
    removed: () => changes.flatMap(({ removed }) => removed),
    said,
  };
}

const clustersOf = (marathons: Record<string, string>) => ({
  clusters: Object.fromEntries(Object.entries(marathons).map(([name, url]) => [name, { marathon: url }])),
});

/** What a run of this configuration leaves in the state directory. */
async function leftBy(marathons: Record<string, string> | string, count: number): Promise<void> {
  const run = await follow(marathons);
  await until(() => expect(run.apps()).toHaveLength(count));
  await run.clusters.close();
}

describe('a cluster that does not answer at the start', () => {
  test('serves the mirror stored under its old name after it was renamed, and the other cluster is followed at once', async () => {
    const [east, west] = [await marathon('/e'), await marathon('/w')];
    await leftBy({ east: east.url, west: west.url }, 2);
    await east.stop();
    const run = await follow({ 'east-1': east.url, west: west.url });
    await until(() => expect(run.apps()).toEqual(['/e', '/w']));
    expect(run.clusters.incomplete()).toEqual([]);
    expect(run.said.join()).toContain('stored under a name that is no longer configured');
    await west.deploy({ id: '/w2', instances: 1, labels: { HAPROXY_GROUP: 'external' } });
    await until(() => expect(run.apps()).toEqual(['/e', '/w', '/w2']));
    expect(run.removed()).toEqual([]);
    // It answers: its word replaces what was stored, and the old name is of no use any more.
    await east.resume();
    await until(() => expect(run.clusters.status().basis).toBe('marathon'));
    await run.clusters.close();
    await follow({ 'east-1': east.url, west: west.url });
    await until(async () => expect(await readdir(stateDir)).toContain('mirror-east.ndjson.gz.unused'));
    expect(await readdir(stateDir)).toContain('mirror-east-1.ndjson.gz');
    expect(await readdir(stateDir)).not.toContain('mirror-east.ndjson.gz');
  });

  test('serves the mirror that was stored when it was the only cluster', async () => {
    const [east, west] = [await marathon('/e'), await marathon('/w')];
    await leftBy(east.url, 1);
    await east.stop();
    // Two have nothing stored under their names: whose it is shows by where it was.
    const run = await follow({ west: west.url, east: east.url });
    await until(() => expect(run.apps()).toEqual(['/e', '/w']));
    expect(run.clusters.incomplete()).toEqual([]);
  });

  test('serves the previous stored mirror if the last one is damaged', async () => {
    const [east, west] = [await marathon('/e'), await marathon('/w')];
    await leftBy({ east: east.url, west: west.url }, 2);
    await east.deploy({ id: '/e2', instances: 1, labels: { HAPROXY_GROUP: 'external' } });
    await leftBy({ east: east.url, west: west.url }, 3);
    await east.stop();
    await writeFile(mirrorFile(stateDir, 'east'), 'damaged');
    const run = await follow({ east: east.url, west: west.url });
    await until(() => expect(run.apps()).toEqual(['/e', '/w']));
    expect(run.said.join()).toMatch(/is set aside.*the previous stored mirror is used/s);
  });

  test('is reported if no mirror of it is stored; the others are followed, and no service that may be its own is removed', async () => {
    const [east, west] = [await marathon('/e'), await marathon('/w', '/w2')];
    await leftBy({ east: east.url, west: west.url }, 3);
    await east.stop();
    for (const name of await readdir(stateDir)) if (name.includes('east')) await rm(join(stateDir, name));
    await west.remove('/w2');
    const run = await follow({ east: east.url, west: west.url }, 100);
    await until(() => expect(run.apps()).toEqual(['/w']));
    expect(run.clusters.incomplete()).toEqual(['east']);
    expect(run.said.join()).toMatch(/Services that may be theirs are not removed/);
    expect(['/e', '/w', '/w2'].map((id) => run.clusters.accountsFor(asId(id)))).toEqual([false, true, true]);
    await east.resume();
    await until(() => expect(run.apps()).toEqual(['/e', '/w']));
    expect(run.clusters.incomplete()).toEqual([]);
    expect(run.clusters.accountsFor(asId('/anything'))).toBe(true);
  });

  test('can be given up by an operator if no mirror of it is stored', async () => {
    const west = await marathon('/w');
    const run = await follow({ east: nowhere, west: west.url }, 100);
    await until(() => expect(run.clusters.incomplete()).toEqual(['east']));
    await until(() => expect(run.apps()).toEqual(['/w']));
    run.clusters.approve();
    expect(run.clusters.incomplete()).toEqual([]);
    expect(run.clusters.accountsFor(asId('/e'))).toBe(true);
  });

  test('does not get the stored mirror of a cluster that may be another one', async () => {
    await writeMirror(mirrorFile(stateDir, 'old'), mapOf('/o'), 1, 1);
    const run = await follow({ east: nowhere, west: nowhere }, 100);
    await until(() => expect(run.said.join()).toMatch(/Services that may be theirs/));
    expect(run.clusters.incomplete()).toEqual(['east', 'west']);
    expect(run.apps()).toBeUndefined();
    expect(await readMirror(mirrorFile(stateDir, 'old'))).toMatchObject({ kind: 'read' });
  });
});

describe('the stored mirror', () => {
  test('is kept together with the previous one, and records the addresses of its cluster', async () => {
    const file = mirrorFile(stateDir, 'east');
    const endpoints = ['http://m1.east:8080'];
    await writeMirror(file, mapOf('/a'), 1_000, 1_000, { endpoints });
    await writeMirror(file, mapOf('/a', '/b'), 2_000, 2_000, { endpoints, called: { '/a': '/east/a' } });
    expect(await readMirror(file)).toMatchObject({ endpoints, called: { '/a': '/east/a' }, savedAt: 2_000 });
    expect(await readMirror(previousOf(file))).toMatchObject({ apps: mapOf('/a'), savedAt: 1_000 });
    await rename(file, `${file}.gone`);
    await writeMirror(file, mapOf('/c'), 3_000, 3_000);
    expect(await readMirror(file)).toMatchObject({ apps: mapOf('/c') });
  });
});

describe('an app whose id also exists in an earlier cluster', () => {
  const news = (apps: Map<AppId, App>): MirrorChange => ({
    ...{ kind: 'snapshot', apps, changed: [...apps.keys()], removed: [], cause: 'x', receivedAt: 0 },
  });

  test('keeps its longer name while that cluster is unknown, and gets its own id once that is free', () => {
    const first = new MergedApps(['east', 'west']);
    first.put(0, news(mapOf('/web')));
    first.put(1, news(mapOf('/web', '/w')));
    expect(first.renamed(1)).toEqual({ '/web': '/west/web' });
    // A start: west answers, east does not.
    const remembered = new Map(Object.entries(first.renamed(1)) as [AppId, AppId][]);
    const again = new MergedApps(['east', 'west'], [new Map(), remembered]);
    again.put(1, news(mapOf('/web', '/w')));
    expect([...again.apps.keys()].sort()).toEqual(['/w', '/west/web']);
    const { changed, removed } = again.put(0, news(mapOf('/other')));
    expect([...again.apps.keys()].sort()).toEqual(['/other', '/w', '/web']);
    expect([[...changed].sort(), removed]).toEqual([['/other', '/web'], ['/west/web']]);
  });
});
