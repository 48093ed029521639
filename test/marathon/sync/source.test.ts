import { describe, expect, it } from 'vitest';
import { checkedApp, expectSame, follow, mirroring, simulate, until, webApp } from '../mirroring.ts';
import { deadUrl, sendJson, serve } from '../servers.ts';

const id = '/team/web';

describe.each(['1.4', '1.5', '1.8', '1.11'] as const)('the mirror of a Marathon %s', (version) => {
  it('follows deploy, scale, restart, kill and delete by events alone', async () => {
    const both = await mirroring({ version, taskKilling: version !== '1.4' }, { resyncMs: 600_000 });
    const { marathon, source, apps, changes } = both;
    await marathon.deploy(checkedApp);
    await expectSame(both);
    expect(
      apps()
        .get(id)
        ?.tasks.map((task) => task.alive),
    ).toEqual([[true], [true], [true]]);
    await marathon.scale(id, 5);
    await expectSame(both);
    await marathon.scale(id, 2);
    await expectSame(both);
    await marathon.update(id, { labels: { HAPROXY_GROUP: 'internal' } });
    await expectSame(both);
    expect(apps().get(id)?.labels).toEqual({ HAPROXY_GROUP: 'internal' });
    await marathon.restart(id);
    await expectSame(both);
    const [first, second] = marathon.tasks(id);
    await marathon.kill(first!.id);
    marathon.failTask(second!.id);
    await marathon.running(id, 2);
    await expectSame(both);
    await marathon.remove(id);
    await expectSame(both);
    expect(apps().size).toBe(0);
    // One list at the start: everything else was told by events and by requests for one app.
    expect(source.status()).toMatchObject({ resyncs: 0, reconnects: 0, connected: true });
    expect(changes.filter((change) => change.kind === 'snapshot')).toHaveLength(1);
  });

  it('has nothing to learn from a full answer', async () => {
    let ahead = 0;
    const both = await mirroring({ version }, { resyncMs: 50, elapsed: () => performance.now() + ahead });
    const { marathon, source } = both;
    await marathon.deploy(checkedApp);
    await marathon.deploy({ ...webApp, id: '/solo', instances: 1 });
    await marathon.restart(id);
    await marathon.scale(id, 1);
    await marathon.remove('/solo');
    await expectSame(both);
    const { resyncs } = source.status();
    await until(() => expect(source.status().resyncs).toBeGreaterThan(resyncs + 3));
    // By then nothing would come any more that explained a difference.
    ahead = 60_000;
    expect(source.status().resyncDifferences).toBe(0);
  });
});

describe('the first published change', () => {
  it('arrives even from an empty Marathon', async () => {
    const { changes } = await mirroring();
    expect(changes).toMatchObject([{ kind: 'snapshot', changed: [], removed: [], cause: 'snapshot' }]);
  });

  it('has all apps, and later ones only what changed', async () => {
    const marathon = await simulate();
    await marathon.deploy(webApp);
    await marathon.deploy({ ...webApp, id: '/other' });
    const { changes } = follow({ endpoints: [new URL(marathon.url)] });
    await until(() => expect(changes).toHaveLength(1));
    expect([...changes[0]!.changed].sort()).toEqual(['/other', id]);
    const other = changes[0]!.apps.get(changes[0]!.changed.find((changed) => changed === '/other')!);
    await marathon.kill(marathon.tasks(id)[0]!.id);
    await until(() => expect(changes.length).toBeGreaterThan(1));
    expect(changes[1]).toMatchObject({ kind: 'events', changed: [id], removed: [] });
    expect(changes[1]!.cause).toMatch(/^status_update_event \/team\/web TASK_KILLED/);
    expect(changes[1]!.eventTime).toBeLessThanOrEqual(changes[1]!.receivedAt);
    expect(changes[1]!.apps.get(other!.id)).toBe(other);
    expect(changes[0]!.apps.get(other!.id)).toBe(other);
    expect(changes[0]!.apps).not.toBe(changes[1]!.apps);
  });

  it('arrives by polling if the event stream is refused', async () => {
    const server = await serve((request, response) => {
      if (request.url?.startsWith('/v2/events')) response.writeHead(403).end();
      else sendJson(response, { apps: [{ id: '/web' }] });
    });
    const { source, changes } = follow({ endpoints: [server.url] });
    await until(() => expect(changes).toHaveLength(1));
    await until(() => expect(source.status().resyncs).toBeGreaterThan(2));
    expect(source.status()).toMatchObject({ connected: false, apps: 1 });
    expect(source.status().lastError?.message).toContain('403');
    expect(changes).toHaveLength(1);
  });
});

describe('a task that Marathon has decided to end', () => {
  it('is leaving before it is killed', async () => {
    const both = await mirroring({ timings: { killMs: 1_000 } });
    const { marathon, changes } = both;
    await until(() => expect(both.source.status().version).toBe('1.11.24'));
    await marathon.deploy(webApp);
    // The hint is about a task that is known to run.
    await expectSame(both);
    await marathon.scale(id, 2);
    const all = changes.flatMap(({ apps }) => [...apps.values()].flatMap((app) => app.tasks));
    expect(all.some((task) => task.leaving && task.state === 'TASK_RUNNING')).toBe(true);
    await expectSame(both);
    expect([...both.apps().values()].flatMap((app) => app.tasks).every((task) => !task.leaving)).toBe(true);
  });
});

describe('the mirror, when Marathon is away,', () => {
  it('stays as it was, and catches up when Marathon comes back', async () => {
    const both = await mirroring();
    const { marathon, source, changes } = both;
    await marathon.deploy(checkedApp);
    await expectSame(both);
    const before = changes.length;
    await marathon.stop();
    await until(() => expect(source.status().connected).toBe(false));
    await until(() => expect(source.status().lastError?.message).toContain('ECONNREFUSED'));
    expect(changes).toHaveLength(before);
    expect(source.status().apps).toBe(1);
    await marathon.scale(id, 4);
    await marathon.resume();
    await until(() => expect(source.status().connected).toBe(true));
    await expectSame(both);
    expect(source.status().resyncDifferences).toBe(0);
  });

  it('keeps the health that a new leader has lost', async () => {
    const both = await mirroring({ checks: 'switch', timings: { healthScale: 1_000 } });
    const { marathon, source, changes, apps } = both;
    marathon.load([{ ...checkedApp, instances: 3 }]);
    await marathon.listening();
    source.resync('the load made no events');
    await until(() =>
      expect(
        apps()
          .get(id)
          ?.tasks.map((task) => task.alive),
      ).toEqual([[true], [true], [true]]),
    );
    const before = { changes: changes.length, resyncs: source.status().resyncs };
    marathon.failover();
    await until(() => expect(source.status().reconnects).toBe(1));
    await until(() => expect(source.status().resyncs).toBeGreaterThan(before.resyncs));
    expect(source.status().connected).toBe(true);
    expect(changes).toHaveLength(before.changes);
  });

  it('stays as it was when answers fail', async () => {
    const both = await mirroring();
    const { marathon, source, changes } = both;
    await marathon.deploy(webApp);
    await expectSame(both);
    const before = changes.length;
    for (const fault of ['garbage', 'truncated', 'corrupt-gzip', 'reset'] as const) {
      marathon.faults.answers({ kind: fault }, { path: '/v2/apps' });
      const errorAt = source.status().lastError?.at ?? 0;
      source.resync(fault);
      await until(() => expect(source.status().lastError?.at).toBeGreaterThan(errorAt));
      marathon.faults.clear();
    }
    expect(changes).toHaveLength(before);
    expect(source.status()).toMatchObject({ apps: 1, tasks: 3 });
    const { resyncs } = source.status();
    await until(() => expect(source.status().resyncs).toBeGreaterThan(resyncs));
    await expectSame(both);
  });

  it('tries streams that close at once until one is attached, as during an election', async () => {
    const both = await mirroring();
    const { marathon, source } = both;
    marathon.faults.closeNewStreams(2);
    marathon.failover();
    await until(() => expect(source.status().reconnects).toBe(3));
    await until(() => expect(source.status().connected).toBe(true));
    await marathon.deploy(webApp);
    await expectSame(both);
  });
});

describe('a source with several Marathons', () => {
  it('takes the stream of a standby from its leader', async () => {
    const leader = await simulate();
    const standby = await simulate();
    standby.faults.redirectStreams(leader.url);
    const { source } = follow({ endpoints: [new URL(standby.url)] });
    await until(() => expect(source.status()).toMatchObject({ connected: true, leader: leader.url }));
    expect([leader.readers(), standby.readers()]).toEqual([1, 0]);
    await leader.deploy(webApp);
    await until(() => expect(source.status().tasks).toBe(3));
  });

  it('uses the next one while the first is dead', async () => {
    const marathon = await simulate();
    await marathon.deploy(webApp);
    const { source } = follow({ endpoints: [await deadUrl(), new URL(marathon.url)] });
    await until(() =>
      expect(source.status()).toMatchObject({ connected: true, tasks: 3, endpoint: marathon.url }),
    );
  });
});

describe('a stream that misbehaves', () => {
  it('is abandoned when it goes silent, and the mirror catches up on the next one', async () => {
    const both = await mirroring({ heartbeatMs: 100 }, { watchdogMs: 500 });
    const { marathon, source } = both;
    await marathon.deploy(webApp);
    await expectSame(both);
    marathon.faults.halfOpenStreams();
    await marathon.scale(id, 5);
    await until(() => expect(source.status().reconnects).toBeGreaterThan(0));
    await expectSame(both);
  });

  it('causes a full resync if it has a frame that cannot be read', async () => {
    const { marathon, source } = await mirroring();
    const { resyncs } = source.status();
    marathon.faults.garbageFrame();
    await until(() => expect(source.status().resyncs).toBeGreaterThan(resyncs));
    expect(source.status().reconnects).toBe(0);
  });

  it('costs nothing if it is cut in the middle of a frame', async () => {
    const both = await mirroring();
    const { marathon, source } = both;
    const deployed = marathon.deploy(checkedApp);
    marathon.faults.cutStreams({ midFrame: true });
    await deployed;
    await until(() => expect(source.status().reconnects).toBeGreaterThan(0));
    await expectSame(both);
  });

  it('ends with the correct state if it repeats and swaps events', async () => {
    const both = await mirroring({}, { resyncMs: 600_000 });
    const { marathon } = both;
    marathon.faults.duplicateEvents(40);
    await marathon.deploy(checkedApp);
    await expectSame(both);
    marathon.faults.clear();
    marathon.faults.reorderEvents(40);
    await marathon.scale(id, 6);
    await marathon.scale(id, 2);
    marathon.faults.clear();
    await expectSame(both);
  });

  it('is corrected by the slow timer if it loses events, and the difference is counted', async () => {
    let ahead = 0;
    const both = await mirroring({}, { resyncMs: 300, elapsed: () => performance.now() + ahead });
    const { marathon, source } = both;
    await marathon.deploy(webApp);
    await expectSame(both);
    marathon.faults.dropEvents(Infinity);
    await marathon.kill(marathon.tasks(id)[0]!.id);
    await marathon.running(id, 3);
    await expectSame(both);
    ahead = 60_000;
    expect(source.status().resyncDifferences).toBeGreaterThan(0);
  });
});

describe('an app with several checks', () => {
  it('has all their answers in the mirror', async () => {
    const both = await mirroring({}, { resyncMs: 600_000 });
    const { marathon, apps } = both;
    const healthChecks = [
      { protocol: 'HTTP', path: '/', portIndex: 0 },
      { protocol: 'TCP', portIndex: 0 },
    ];
    await marathon.deploy({ ...webApp, healthChecks });
    await expectSame(both);
    marathon.setHealthy(marathon.tasks(id)[0]!.id, false);
    await until(() =>
      expect(
        apps()
          .get(id)
          ?.tasks.some((task) => task.alive.includes(false)),
      ).toBe(true),
    );
    await expectSame(both);
  });
});

describe('lost agents', () => {
  it.each([
    ['for good', { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 }],
    ['for a while', { inactiveAfterSeconds: 300, expungeAfterSeconds: 600 }],
  ])('leave the mirror as Marathon has it if they are lost %s', async (_name, unreachableStrategy) => {
    const both = await mirroring({}, { resyncMs: 600_000 });
    const { marathon } = both;
    await marathon.deploy({ ...webApp, unreachableStrategy });
    const host = marathon.tasks(id)[0]!.host;
    marathon.loseAgent(host);
    await expectSame(both);
    await marathon.recoverAgent(host);
    await expectSame(both);
  });
});

it('many apps that change at once are fetched in one list', async () => {
  const { marathon, source } = await mirroring({}, { resyncMs: 600_000 });
  const apps = Array.from({ length: 120 }, (_, i) => ({ ...webApp, id: `/many/app${i}`, instances: 1 }));
  await Promise.all(apps.map((app) => marathon.deploy(app).catch(() => undefined)));
  await until(() => expect(source.status().tasks).toBe(marathon.tasks().length));
  expect(source.status().tasks).toBeGreaterThan(50);
});

it('an exception in the callback is reported and does no harm', async () => {
  const marathon = await simulate();
  const logged: string[] = [];
  const { source } = follow({
    endpoints: [new URL(marathon.url)],
    log: ({ message }) => logged.push(message),
  });
  await until(() => expect(source.status().connected).toBe(true));
  const { followMarathon } = await import('../../../src/marathon/sync/source.ts');
  const failing = followMarathon({
    endpoints: [new URL(marathon.url)],
    onChange: () => {
      throw new Error('no');
    },
    log: ({ message }) => logged.push(message),
  });
  await until(() => expect(logged).toContain('a change of the mirror could not be handled'));
  expect(failing.status().lastError?.message).toContain('no');
  await failing.close();
});

describe('a source that only polls', () => {
  it('follows deploy, scale and delete by lists alone, and never attaches the stream', async () => {
    const both = await mirroring({}, { pollOnly: true, pollMs: 50 });
    const { marathon, source, changes } = both;
    await marathon.deploy(webApp);
    await expectSame(both);
    await marathon.scale(webApp.id, 2);
    await expectSame(both);
    await marathon.remove(webApp.id);
    await expectSame(both);
    expect(source.status()).toMatchObject({ connected: true, reconnects: 0, events: {} });
    expect(source.status().lastEventAt).toBeUndefined();
    expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(['snapshot']));
  });

  it('asks again soon after a failure, though polls are far apart', async () => {
    let asked = 0;
    const { url } = await serve((_request, response) => {
      asked += 1;
      if (asked > 3) sendJson(response, { apps: [] });
      else sendJson(response, { message: 'no leader' }, 503);
    });
    const { source, changes } = follow({ endpoints: [url], pollOnly: true, pollMs: 600_000 });
    await until(() => expect(changes).toHaveLength(1));
    expect(source.status()).toMatchObject({ connected: true, resyncs: 0 });
  });
});
