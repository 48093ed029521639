/** A start from what was stored: it stands until Marathon speaks, and its health until Marathon says otherwise. */
import { expect, it } from 'vitest';
import type { AppId } from '../../src/core/model/ids.ts';
import type { App } from '../../src/core/model/model.ts';
import {
  expectSame,
  follow,
  mirroring,
  simulate,
  until,
  checkedApp,
  webApp,
  type Mirroring,
} from './mirroring.ts';

const nowhere = new URL('http://127.0.0.1:1');
const web = '/team/web' as AppId;
const apps = (both: Mirroring) => both.apps() as ReadonlyMap<AppId, App>;

it('a source hands out its stored mirror although no Marathon answers, and reports that', async () => {
  const before = await mirroring();
  await before.marathon.deploy(webApp);
  await expectSame(before);
  const stored = { apps: apps(before), confirmedAt: 1234 };
  const { source, changes } = follow({ endpoints: [nowhere], stored });
  await until(() => expect(changes).toHaveLength(1));
  expect(changes[0]).toMatchObject({ kind: 'stored', cause: 'stored mirror', changed: [web] });
  expect(changes[0]?.apps.get(web)).toEqual(stored.apps.get(web));
  expect(source.status()).toMatchObject({ connected: false, basis: 'stored', confirmedAt: 1234, tasks: 3 });
});

it('the first snapshot replaces the stored mirror: missing apps are removed, unchanged ones stay the same objects', async () => {
  const both = await mirroring();
  await both.marathon.deploy(webApp);
  await both.marathon.deploy({ ...webApp, id: '/gone' });
  await expectSame(both);
  const stored = { apps: apps(both), confirmedAt: 0 };
  await both.marathon.remove('/gone');
  const { source, changes } = follow({ endpoints: [new URL(both.marathon.url)], stored });
  await until(() => expect(source.status().basis).toBe('marathon'));
  expect(changes.map(({ kind }) => kind)).toEqual(['stored', 'snapshot']);
  expect(changes[1]).toMatchObject({ changed: [], removed: ['/gone'] });
  expect(changes[1]?.apps.get(web)).toBe(changes[0]?.apps.get(web));
});

it('the first snapshot is reported even if it equals the stored mirror', async () => {
  const both = await mirroring();
  await both.marathon.deploy(webApp);
  await expectSame(both);
  const { changes } = follow({
    endpoints: [new URL(both.marathon.url)],
    stored: { apps: apps(both), confirmedAt: 0 },
  });
  await until(() => expect(changes.map(({ kind }) => kind)).toEqual(['stored', 'snapshot']));
  expect(changes[1]).toMatchObject({ changed: [], removed: [] });
});

it('a stored mirror keeps the health of tasks when a new leader has forgotten it', async () => {
  const both = await mirroring();
  await both.marathon.deploy(checkedApp);
  await until(() =>
    expect(
      both
        .apps()
        .get(web)
        ?.tasks.map(({ alive }) => alive),
    ).toEqual([[true], [true], [true]]),
  );
  const stored = { apps: apps(both), confirmedAt: 0 };
  both.marathon.failover();
  // What the new leader lists has no results.
  both.marathon.faults.stallStreams();
  const { source, changes } = follow({ endpoints: [new URL(both.marathon.url)], stored, pollMs: 50 });
  await until(() => expect(source.status().basis).toBe('marathon'));
  for (const { apps } of changes)
    expect(apps.get(web)?.tasks.map(({ alive }) => alive)).toEqual([[true], [true], [true]]);
});

it('an empty stored mirror is not handed out before Marathon has answered', async () => {
  const marathon = await simulate();
  const { changes } = follow({
    endpoints: [new URL(marathon.url)],
    stored: { apps: new Map(), confirmedAt: 0 },
  });
  await until(() => expect(changes.map(({ kind }) => kind)).toEqual(['snapshot']));
});
