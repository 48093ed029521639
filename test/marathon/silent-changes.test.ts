/** What Marathon tells in no event: when a new task is ready, and when a lost one is given up. */
import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/core/model/model.ts';
import { expectSame, mirroring, until, webApp, type Mirroring } from './mirroring.ts';

const readinessChecks = [{ name: 'warm', path: '/', portName: 'http', intervalSeconds: 1 }];
const warmApp = {
  ...webApp,
  portDefinitions: [{ port: 0, protocol: 'tcp', name: 'http' }],
  readinessChecks,
  upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
};

const tasksOf = ({ apps }: Mirroring, id = '/team/web'): readonly Task[] =>
  new Map<string, { tasks: readonly Task[] }>(apps()).get(id)?.tasks ?? [];
const waiting = (both: Mirroring) =>
  tasksOf(both)
    .filter(({ awaitsReadiness }) => awaitsReadiness)
    .map(({ id }) => id as string);
const running = ({ marathon }: Mirroring, id = '/team/web') =>
  marathon.tasks(id).filter(({ state }) => state === 'TASK_RUNNING');

describe('a task whose readiness check has not passed', () => {
  it('waits while its deployment runs, and no longer', async () => {
    const both = await mirroring({}, { readinessMs: 30 });
    const deployed = both.marathon.deploy(warmApp);
    await until(() => expect(tasksOf(both)).toHaveLength(3));
    await until(() => expect(running(both)).toHaveLength(3));
    expect(waiting(both)).toHaveLength(3);
    const [first] = running(both);
    both.marathon.setReady(first!.id);
    await until(() => expect(waiting(both)).toHaveLength(2));
    expect(waiting(both)).not.toContain(first!.id);
    for (const { id } of running(both)) both.marathon.setReady(id);
    await deployed;
    await until(() => expect(waiting(both)).toEqual([]));
    await expectSame(both);
  });

  it('does not take traffic from tasks of the old version, or from tasks that had it before', async () => {
    const both = await mirroring({}, { readinessMs: 30 });
    const deployed = both.marathon.deploy(warmApp);
    await until(() => expect(running(both)).toHaveLength(3));
    for (const { id } of running(both)) both.marathon.setReady(id);
    await deployed;
    // Before the mirror has the tasks none waits either.
    await expectSame(both);
    await until(() => expect(waiting(both)).toEqual([]));
    const old = new Set(running(both).map(({ id }) => id));
    const everWaited = new Set<string>();
    const updated = both.marathon.update('/team/web', { labels: { HAPROXY_GROUP: 'other' } });
    await until(() => {
      for (const id of waiting(both)) everWaited.add(id);
      for (const { id } of running(both)) if (!old.has(id)) both.marathon.setReady(id);
      expect(running(both).some(({ id }) => old.has(id))).toBe(false);
    });
    await updated;
    for (const id of old) expect(everWaited).not.toContain(id);
    expect(everWaited.size).toBeGreaterThan(0);
    await until(() => expect(waiting(both)).toEqual([]));
  });

  it('does not wait if no deployment runs: a task that crashed comes back and serves', async () => {
    const both = await mirroring({}, { readinessMs: 30 });
    const deployed = both.marathon.deploy({ ...warmApp, instances: 1, backoffSeconds: 0 });
    await until(() => expect(running(both)).toHaveLength(1));
    both.marathon.setReady(running(both)[0]!.id);
    await deployed;
    const [before] = running(both);
    both.marathon.failTask(before!.id);
    await until(() => expect(running(both).map(({ id }) => id)).not.toEqual([before!.id]));
    await until(() => expect(tasksOf(both).map(({ state }) => state)).toEqual(['TASK_RUNNING']));
    await until(() => expect(waiting(both)).toEqual([]));
  });
});

describe('a task on an agent that Mesos cannot reach', () => {
  const unreachableStrategy = { inactiveAfterSeconds: 0.05, expungeAfterSeconds: 0.4 };

  it('stays while Marathon lists it, and is removed soon after Marathon has given it up', async () => {
    const both = await mirroring({}, { unreachableMs: 50, resyncMs: 600_000 });
    await both.marathon.deploy({ ...webApp, instances: 1, unreachableStrategy });
    await expectSame(both);
    const [lost] = running(both);
    both.marathon.loseAgent(lost!.host, { serving: true });
    await until(() =>
      expect(tasksOf(both).find(({ id }) => id === lost!.id)?.state).toBe('TASK_UNREACHABLE'),
    );
    await until(() => expect(tasksOf(both).map(({ id }) => id as string)).not.toContain(lost!.id));
    await expectSame(both);
    expect(both.source.status()).toMatchObject({ resyncs: 0, resyncDifferences: 0 });
  });

  it('runs again if its agent comes back in time', async () => {
    const both = await mirroring({}, { unreachableMs: 50 });
    await both.marathon.deploy({
      ...webApp,
      instances: 1,
      unreachableStrategy: { inactiveAfterSeconds: 60, expungeAfterSeconds: 60 },
    });
    const [lost] = running(both);
    both.marathon.loseAgent(lost!.host, { serving: true });
    await until(() => expect(tasksOf(both)[0]?.state).toBe('TASK_UNREACHABLE'));
    await both.marathon.recoverAgent(lost!.host);
    await until(() => expect(tasksOf(both)[0]?.state).toBe('TASK_RUNNING'));
    await expectSame(both);
  });
});
