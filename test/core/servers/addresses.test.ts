/** One address belongs to the task that started last, of whatever app: a lost task is no server at another's address. */
import { describe, expect, test } from 'vitest';
import { nextDesired, nothingDesired, type Desired } from '../../../src/core/desired/desired.ts';
import type { AppId } from '../../../src/core/model/ids.ts';
import type { App, Task } from '../../../src/core/model/model.ts';
import { startOf } from '../../../src/core/model/task-start.ts';
import { anApp, aPort, aTask } from '../../support/apps.ts';
import { aContext } from '../../support/context.ts';

const context = aContext();
const step = (state: Desired, changed: readonly App[], removed: readonly string[] = []) =>
  nextDesired(state, { changed, removed: removed as AppId[] }, context);
const servers = (desired: Desired, id: string) =>
  (desired.apps.get(id as AppId)?.ports ?? [])
    .flatMap(({ service }) => service?.servers ?? [])
    .map(({ taskId }) => taskId);
const why = (desired: Desired, id: string) =>
  desired.apps.get(id as AppId)?.ports.flatMap(({ tasks }) => tasks.map(({ reason }) => reason));

const at = (app: string, n: number, startedAt: number, parts: Partial<Task> = {}) =>
  aTask(app, n, { startedAt, host: '10.0.0.1', ports: [31_000], ...parts });
const lost = at('/a', 1, 1000, { state: 'TASK_UNREACHABLE' });
const other = at('/a', 2, 1000, { host: '10.0.0.2' });
const a = anApp('/a', { tasks: [lost, other] });
const b = anApp('/b', { ports: [aPort(10_002)], tasks: [at('/b', 3, 2000)] });

describe('a lost task that is still listed', () => {
  test('serves until another task has its address, and is out as soon as one has, of any app', () => {
    const before = step(nothingDesired, [a]);
    expect(servers(before, '/a')).toEqual([lost.id, other.id]);
    const after = step(before, [b]);
    expect(servers(after, '/a')).toEqual([other.id]);
    expect(servers(after, '/b')).toEqual(['b.instance-3._app.1']);
    expect(why(after, '/a')).toContain(
      'its address belongs to task b.instance-3._app.1 of /b, which started later',
    );
    expect([...after.rederived].sort()).toEqual(['/a', '/b']);
    expect(after.routes).toBe(step(after, [b]).routes);
  });

  test('is out for a task of an app that this load balancer does not expose, and for one that does not serve yet', () => {
    const hidden = anApp('/b', { labels: {}, tasks: [at('/b', 3, 2000, { state: 'TASK_STAGING' })] });
    expect(servers(step(step(nothingDesired, [a]), [hidden]), '/a')).toEqual([other.id]);
  });

  test('gets its address back when the other task is gone', () => {
    const both = step(step(nothingDesired, [a]), [b]);
    expect(servers(step(both, [], ['/b']), '/a')).toEqual([lost.id, other.id]);
    expect(servers(step(both, [{ ...b, tasks: [] }]), '/a')).toEqual([lost.id, other.id]);
  });

  test('gives its address to a later task of its own app', () => {
    const own = { ...a, tasks: [lost, at('/a', 5, 3000)] };
    expect(servers(step(nothingDesired, [own]), '/a')).toEqual(['a.instance-5._app.1']);
  });

  test('keeps it from a task that started before', () => {
    const early = { ...b, tasks: [at('/b', 3, 500)] };
    const desired = step(nothingDesired, [a, early]);
    expect(servers(desired, '/a')).toEqual([lost.id, other.id]);
    expect(servers(desired, '/b')).toEqual([]);
  });

  test('is compared by the address of its agent, whatever its name', () => {
    const named = aContext({ resolve: (host) => (host === 'agent' ? '10.0.0.1' : undefined) });
    const byName = { ...b, tasks: [at('/b', 3, 2000, { host: 'agent' })] };
    const desired = nextDesired(nothingDesired, { changed: [a, byName], removed: [] }, named);
    expect(servers(desired, '/a')).toEqual([other.id]);
  });
});

test('an address of a container network counts with its port', () => {
  const app = (id: string, port: number, task: Task) =>
    anApp(id, { networkMode: 'container', ports: [aPort(port, { containerPort: 80 })], tasks: [task] });
  const old = app('/a', 10_001, at('/a', 1, 1000, { ipAddresses: ['9.0.0.1'], state: 'TASK_UNREACHABLE' }));
  const next = app('/b', 10_002, at('/b', 2, 2000, { ipAddresses: ['9.0.0.1'], host: '10.0.0.9' }));
  expect(servers(step(step(nothingDesired, [old]), [next]), '/a')).toEqual([]);
});

describe('when a task started', () => {
  test('is what Marathon says, else the time of its id, else not known', () => {
    const id = 'team_web.instance-e3c0d1f4-7d30-11ee-b962-0242ac120002._app.1' as Task['id'];
    expect(startOf({ id, startedAt: 7 })).toBe(7);
    expect(new Date(startOf({ id })).toISOString()).toBe('2023-11-07T05:45:42.803Z');
    expect(startOf({ id: 'web.1' as Task['id'] })).toBe(-Infinity);
  });
});
