/** The small parts of the daemon, each on its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { coalesce } from '../../src/daemon/storage/coalesce.ts';
import { asAppId, type BackendName } from '../../src/core/model/ids.ts';
import { nextDesired, nothingDesired } from '../../src/core/desired/desired.ts';
import { drainingServers } from '../../src/daemon/runtime/draining.ts';
import { createInbox } from '../../src/daemon/pipeline/inbox.ts';
import { reloadBudget } from '../../src/daemon/publish/reload-budget.ts';
import { teardown } from '../../src/daemon/start/teardown.ts';
import { anApp, aTask } from '../support/apps.ts';
import { aContext } from '../support/context.ts';

describe('a coalesced task', () => {
  test('runs once for many requests, and once more for those that arrive while it runs', async () => {
    let runs = 0;
    let finish: () => void = () => undefined;
    const passes = coalesce(async () => {
      runs += 1;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    }, 1);
    for (let i = 0; i < 100; i++) passes.request();
    while (runs < 1) await sleep(1);
    for (let i = 0; i < 100; i++) passes.request();
    finish();
    while (runs < 2) await sleep(1);
    finish();
    await sleep(20);
    expect(runs).toBe(2);
    await passes.close();
  });

  test('does not run again after close', async () => {
    let runs = 0;
    const passes = coalesce(() => {
      runs += 1;
      return Promise.resolve();
    }, 5);
    passes.request();
    await passes.close();
    passes.request();
    await sleep(20);
    expect(runs).toBe(0);
  });
});

describe('the reload budget', () => {
  test('allows a burst, then one reload per interval', () => {
    const budget = reloadBudget(2, 1000);
    budget.spend(0);
    budget.spend(0);
    expect(budget.waitMs(0, 0)).toBe(1000);
    expect(budget.waitMs(400, 0)).toBe(600);
    expect(budget.waitMs(1000, 0)).toBe(0);
    budget.spend(1000);
    expect(budget.waitMs(1000, 0)).toBe(1000);
    expect(budget.waitMs(60_000, 0)).toBe(0);
  });

  test('delays reloads while old workers still finish their connections', () => {
    const budget = reloadBudget(1, 1000);
    budget.spend(0);
    expect(budget.waitMs(0, 0)).toBe(1000);
    expect(budget.waitMs(0, 3)).toBe(4000);
  });

  test('never delays without a spacing', () => {
    const budget = reloadBudget(1, 0);
    budget.spend(0);
    expect(budget.waitMs(0, 0)).toBe(0);
  });
});

describe('draining servers', () => {
  const app = anApp('/web', { tasks: [aTask('/web', 1)] });
  const service = nextDesired(nothingDesired, { changed: [app], removed: [] }, aContext()).services.get(
    'web_10001' as BackendName,
  )!;
  const server = (name: string) => ({ backend: service.definition.backend, server: name });

  test('are overdue when they have waited as long as sessions may continue, each on its own', () => {
    let now = 0;
    const departing = drainingServers(1000, () => now);
    departing.see([service], [server('a')]);
    now = 600;
    departing.see([service], [server('a'), server('b')]);
    now = 1000;
    expect([departing.overdue(server('a')), departing.overdue(server('b'))]).toEqual([true, false]);
    expect([...departing.backends()]).toEqual(['web_10001']);
  });

  test('are forgotten when they are gone, so that one that comes back starts again', () => {
    let now = 0;
    const departing = drainingServers(1000, () => now);
    departing.see([service], [server('a')]);
    departing.see([service], []);
    expect(departing.backends().size).toBe(0);
    now = 5000;
    departing.see([service], [server('a')]);
    expect(departing.overdue(server('a'))).toBe(false);
  });
});

describe('the inbox', () => {
  const app = anApp('/web', { tasks: [aTask('/web', 1)] });
  const news = {
    apps: new Map([[app.id, app]]),
    changed: [app.id],
    removed: [],
    cause: 'first',
    receivedAt: 5,
  };

  test('is ready only after the first snapshot, even an empty one', () => {
    const inbox = createInbox();
    inbox.note('a look');
    expect(inbox.ready()).toBe(false);
    inbox.put({ apps: new Map(), changed: [], removed: [], cause: 'snapshot', receivedAt: 1 });
    expect(inbox.ready()).toBe(true);
  });

  test('gives each app once, in its latest state, with the time of the earliest event', () => {
    const inbox = createInbox();
    const later = { ...app, instances: 9 };
    inbox.put(news);
    inbox.put({ ...news, apps: new Map([[app.id, later]]), cause: 'second', receivedAt: 7 });
    expect(inbox.take()).toEqual({
      delta: { changed: [later], removed: [] },
      cause: 'first (+1 more)',
      receivedAt: 5,
      everything: false,
      reload: false,
    });
    expect(inbox.take()).toBeUndefined();
  });

  test('requests that some apps are derived again, and reports which of them are gone', () => {
    const inbox = createInbox();
    inbox.put(news);
    inbox.take();
    inbox.touch([app.id, asAppId('/gone')], 'the address of agent1 changed');
    expect(inbox.take()).toMatchObject({
      delta: { changed: [app], removed: ['/gone'] },
      cause: 'the address of agent1 changed',
    });
  });

  test('gives apps again that were lost or could not be derived, in their latest state', () => {
    const inbox = createInbox();
    inbox.put(news);
    inbox.take();
    inbox.put({ apps: new Map(), changed: [], removed: [app.id], cause: 'deleted', receivedAt: 9 });
    inbox.touch([app.id], 'it could not be derived');
    expect(inbox.take()).toMatchObject({
      delta: { changed: [], removed: [app.id] },
      cause: 'deleted (+1 more)',
      receivedAt: 9,
    });
  });
});

test('a teardown undoes the steps in reverse order, and a step that fails does not prevent the others', async () => {
  const done: string[] = [];
  const failures: unknown[] = [];
  const undo = teardown((error) => failures.push(error));
  undo.add(() => done.push('first'));
  undo.add(() => Promise.reject(new Error('second')));
  undo.add(() => done.push('third'));
  await undo.run();
  expect(done).toEqual(['third', 'first']);
  expect(failures).toHaveLength(1);
});
