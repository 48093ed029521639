import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppId } from '../../../src/core/model/ids.ts';
import type { App } from '../../../src/core/model/model.ts';
import { keepLastKnownGood } from '../../../src/daemon/storage/last-known-good.ts';
import { mirrorFile, readMirror, writeMirror } from '../../../src/daemon/storage/mirror-file.ts';
import { decodeApps } from '../../../src/marathon/decode/decode.ts';
import { aCheck, anApp, aTask } from '../../support/apps.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pacer-mirror-'));
  file = mirrorFile(directory);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const many = (count: number): Map<AppId, App> =>
  new Map(
    Array.from({ length: count }, (_, i) => `/app/${i}`)
      .map((id) => anApp(id, { tasks: [aTask(id, 1)] }))
      .map((app) => [app.id, app]),
  );

const written = async () => gunzipSync(await readFile(file)).toString();
const rewrite = async (change: (text: string) => string) =>
  writeFile(file, gzipSync(change(await written())));

describe('the stored mirror', () => {
  test('is read back as it was, with the health of its tasks and the time of its confirmation', async () => {
    const apps = many(120);
    const checked = anApp('/checked', {
      healthChecks: [aCheck({ portIndex: undefined })],
      tasks: [
        aTask('/checked', 1, { alive: [true, false] }),
        aTask('/checked', 2, { aliveIsAggregate: true, alive: [true] }),
      ],
    });
    apps.set(checked.id, checked);
    await writeMirror(file, apps, 1_700_000_000_000, 1_700_000_001_000);
    // Strictly: a key that is undefined must be there, since apps are compared key by key.
    expect(await readMirror(file)).toStrictEqual({
      kind: 'read',
      apps,
      savedAt: 1_700_000_000_000,
      confirmedAt: 1_700_000_001_000,
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('keeps everything from a real answer of Marathon', async () => {
    const text = await readFile(join(import.meta.dirname, '../../fixtures/marathon15-apps.json'), 'utf8');
    const apps = new Map(decodeApps(JSON.parse(text)).apps.map((app) => [app.id, app]));
    expect(apps.size).toBeGreaterThan(0);
    await writeMirror(file, apps, 0, 0);
    expect(await readMirror(file)).toMatchObject({ apps });
  });

  test('does not exist before anything was stored', async () => {
    expect(await readMirror(file)).toEqual({ kind: 'none' });
  });

  test.each([
    ['another format', (text: string) => text.replace(/"format":\d+/, '"format":0'), 'format is 0'],
    ['a changed byte', (text: string) => text.replace('/app/7', '/app/8'), 'checksum'],
    ['a lost line', (text: string) => text.replace(/\n.*\n/, '\n'), 'checksum'],
    ['no end', (text: string) => text.slice(0, text.length / 2), 'its end is missing'],
    ['something else', () => '{"apps":[]}\n', 'not a stored mirror'],
    ['nothing', () => '', 'not a stored mirror'],
  ])('with %s is set aside under one name, and the reason is reported', async (_, change, reason) => {
    await writeMirror(file, many(10), 0, 0);
    await rewrite(change);
    const read = await readMirror(file);
    expect(read).toMatchObject({ kind: 'unusable', movedTo: `${file}.unusable` });
    expect(read.kind === 'unusable' && read.reason).toContain(reason);
    expect(await readdir(directory)).toEqual(['mirror.ndjson.gz.unusable']);
    expect(await readMirror(file)).toEqual({ kind: 'none' });
  });

  test('of a Pacer whose apps have another format is set aside', async () => {
    const app = { ...anApp('/x'), colour: 'blue' } as App;
    await writeMirror(file, new Map([[app.id, app]]), 0, 0);
    const read = await readMirror(file);
    expect(read.kind === 'unusable' && read.reason).toContain('format');
  });

  test('is set aside if it was cut off on disk', async () => {
    await writeMirror(file, many(100), 0, 0);
    await truncate(file, (await stat(file)).size - 30);
    expect((await readMirror(file)).kind).toBe('unusable');
  });

  test('lets other work run while it is written', async () => {
    let turns = 0;
    const turn = setInterval(() => turns++, 0);
    await writeMirror(file, many(2_000), 0, 0);
    clearInterval(turn);
    expect(turns).toBeGreaterThan(5);
  });
});

describe('the writer of the stored mirror', () => {
  const keeper = (options: { savedAt?: number; confirmedAt?: number; target?: string } = {}) => {
    const failures: string[] = [];
    const kept = keepLastKnownGood({
      file: options.target ?? file,
      savedAt: options.savedAt,
      confirmedAt: () => options.confirmedAt,
      onFailed: (message) => failures.push(message),
      now: Date.now,
      lagMs: 20,
    });
    return { ...kept, failures };
  };

  test('writes the newest state some time after a change, once for many changes', async () => {
    const { changed, close, state } = keeper({ confirmedAt: 5_000 });
    for (let i = 1; i <= 50; i++) changed(many(i));
    await vi.waitFor(async () => expect(await readMirror(file)).toMatchObject({ kind: 'read' }));
    expect(await readMirror(file)).toMatchObject({ apps: many(50), confirmedAt: 5_000 });
    expect(state().savedAt).toBeGreaterThan(0);
    await close();
  });

  test('writes what is left when it is closed, and nothing after that', async () => {
    const { changed, close } = keeper();
    changed(many(1));
    await close();
    expect(await readMirror(file)).toMatchObject({ apps: many(1) });
    changed(many(2));
    await sleep(60);
    expect(await readMirror(file)).toMatchObject({ apps: many(1) });
  });

  test('records that Marathon has confirmed the stored state, and never for a state that is not stored', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      await writeMirror(file, many(1), 0, 0);
      const { changed, close } = keeper({ savedAt: 0, confirmedAt: 60_000 });
      vi.advanceTimersByTime(10_000);
      await vi.waitFor(async () => expect((await stat(file)).mtimeMs).toBe(60_000));
      await utimes(file, 1, 1);
      changed(many(2));
      vi.advanceTimersByTime(10_000);
      expect((await stat(file)).mtimeMs).toBe(1_000);
      await close();
    } finally {
      vi.useRealTimers();
    }
  });

  test('reports once why it cannot write, and leaves no incomplete file', async () => {
    const { changed, close, state, failures } = keeper({ target: join(directory, 'gone', 'mirror') });
    changed(many(1));
    await vi.waitFor(() => expect(state().failure).toContain('ENOENT'));
    await close();
    expect(failures).toHaveLength(1);
    expect(await readdir(directory)).toEqual([]);
  });
});
