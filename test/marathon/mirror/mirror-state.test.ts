import { describe, expect, it } from 'vitest';
import { asAppId, asInstanceId, asTaskId } from '../../../src/core/model/ids.ts';
import type { Task } from '../../../src/core/model/model.ts';
import type { MarathonEvent } from '../../../src/marathon/decode/event-types.ts';
import { AnswerOrder } from '../../../src/marathon/mirror/answer-order.ts';
import { MirrorState } from '../../../src/marathon/mirror/mirror-state.ts';
import {
  answer,
  app,
  check,
  checkHealth,
  condition,
  deployment,
  groupChanged,
  instanceHealth,
  mirrorOf,
  status,
  task,
  tasks,
  terminated,
  unhealthyKill,
  web,
} from '../mirror-build.ts';

const other = asAppId('/other');

describe('one event on an app with the running, healthy task a', () => {
  const a = { alive: [true] };
  it.each<[string, MarathonEvent[], Partial<Task>[] | 'the same']>([
    ['a task starts', [status('b', 'TASK_STARTING', 1)], [a, { state: 'TASK_STARTING' }]],
    [
      'a task runs',
      [status('b', 'TASK_STARTING', 1), status('b', 'TASK_RUNNING', 2)],
      [a, { state: 'TASK_RUNNING' }],
    ],
    ['a status is repeated', [status('a', 'TASK_RUNNING', 1)], 'the same'],
    ['a task is being killed', [status('a', 'TASK_KILLING', 1)], [{ state: 'TASK_KILLING', leaving: true }]],
    [
      'an instance is being killed',
      [condition('a', 'Killing', 1)],
      [{ state: 'TASK_KILLING', leaving: true }],
    ],
    ['a task is killed', [status('a', 'TASK_KILLED', 1)], []],
    ['a task fails', [status('a', 'TASK_FAILED', 1)], []],
    ['an agent is gone', [status('a', 'TASK_GONE_BY_OPERATOR', 1)], []],
    [
      'an agent is lost',
      [status('a', 'TASK_UNREACHABLE', 1)],
      [{ state: 'TASK_UNREACHABLE', ports: [31000] }],
    ],
    [
      'an instance is unreachable',
      [condition('a', 'UnreachableInactive', 1)],
      [{ state: 'TASK_UNREACHABLE' }],
    ],
    ['a lost task is back', [status('a', 'TASK_LOST', 1), status('a', 'TASK_RUNNING', 2)], 'the same'],
    ['an instance is killed', [condition('a', 'Killed', 1)], []],
    ['an instance was unknown and is over', [terminated('a', 1)], []],
    ['an instance is scheduled', [condition('b', 'Scheduled', 1)], 'the same'],
    ['an instance is provisioned', [condition('b', 'Provisioned', 1)], 'the same'],
    ['a check fails', [checkHealth('a', false, 1)], [{ alive: [false], aliveIsAggregate: false }]],
    [
      'the instance is unhealthy',
      [instanceHealth('a', false, 1)],
      [{ alive: [false], aliveIsAggregate: false }],
    ],
    ['health is unknown', [instanceHealth('a', undefined, 1)], 'the same'],
    ['health of an unknown task', [checkHealth('b', true, 1), instanceHealth('b', true, 2)], 'the same'],
    ['a condition of an unknown task', [condition('b', 'Running', 1)], 'the same'],
    ['it is killed for its health', [unhealthyKill('a', 1)], [{ leaving: true }]],
    ['its goal changes', [condition('a', 'Running', 1)], [{ leaving: true, state: 'TASK_RUNNING' }]],
    ['it runs, as just told', [status('a', 'TASK_RUNNING', 1), condition('a', 'Running', 2)], 'the same'],
    [
      'it runs, as just told, and then its goal changes',
      [status('a', 'TASK_RUNNING', 1), condition('a', 'Running', 2), condition('a', 'Running', 3)],
      [{ leaving: true }],
    ],
    [
      'a new task runs and is then told to go',
      [status('b', 'TASK_RUNNING', 1), condition('b', 'Running', 2), condition('b', 'Running', 3)],
      [{ leaving: false }, { leaving: true }],
    ],
    [
      'a change of health that Mesos reports is no change of goal',
      [status('a', 'TASK_RUNNING', 1), condition('a', 'Running', 2), status('a', 'TASK_RUNNING', 3)],
      'the same',
    ],
  ])('%s', (_name, events, expected) => {
    const start = app([task('a', { alive: [true] })]);
    const mirror = mirrorOf(start);
    const before = mirror.apps.get(web);
    for (const event of events) mirror.apply(event, 0);
    // "The same" is the same value; where nothing was ever different it is the same object, too.
    if (expected === 'the same') expect(mirror.apps.get(web)).toEqual(before);
    else expect(tasks(mirror)).toMatchObject(expected);
  });

  it('does not replace the objects of anything it does not affect', () => {
    const mirror = mirrorOf(app([task('a'), task('b')]), app([], { id: other }));
    const [before, untouched, b] = [mirror.apps.get(web), mirror.apps.get(other), tasks(mirror)[1]];
    mirror.apply(status('a', 'TASK_RUNNING', 1), 0);
    mirror.apply(condition('a', 'Running', 2), 0);
    expect(mirror.apps.get(web)).toBe(before);
    expect(mirror.store.takeChanged()).toEqual([]);
    mirror.apply(checkHealth('a', false, 3), 0);
    expect(mirror.store.takeChanged()).toEqual([web]);
    expect(mirror.apps.get(other)).toBe(untouched);
    expect(tasks(mirror)[1]).toBe(b);
    expect(mirror.apps.get(web)?.healthChecks).toBe(before?.healthChecks);
  });

  it('shows a change of goal even of a task that started before its app was known', () => {
    const mirror = mirrorOf();
    mirror.apply(status('a', 'TASK_RUNNING', 1), 0);
    mirror.apply(condition('a', 'Running', 2), 0);
    mirror.installOne(mirror.mark(), web, answer(app([task('a')])), 0);
    expect(tasks(mirror)[0]?.leaving).toBe(false);
    mirror.apply(condition('a', 'Running', 3), 0);
    expect(tasks(mirror)[0]?.leaving).toBe(true);
  });

  it('shows no change of goal if Marathon has none', () => {
    const mirror = mirrorOf(app([task('a')]));
    mirror.hasGoals = false;
    mirror.apply(condition('a', 'Running', 1), 0);
    expect(tasks(mirror)[0]?.leaving).toBe(false);
  });
});

describe('several health checks', () => {
  const two = (tasks: Task[]) => app(tasks, { healthChecks: [check, check] });

  it('take the aggregate and ask for the details', () => {
    const mirror = mirrorOf(two([task('a', { alive: [true, true] })]));
    expect(mirror.apply(checkHealth('a', false, 1), 0).apps).toEqual([web]);
    expect(tasks(mirror)[0]?.alive).toEqual([true, true]);
    expect(mirror.apply(instanceHealth('a', false, 2), 0).apps).toEqual([web]);
    expect(tasks(mirror)[0]).toMatchObject({ alive: [false], aliveIsAggregate: true });
    mirror.installOne(mirror.mark(), web, answer(two([task('a', { alive: [false, true] })])), 0);
    expect(tasks(mirror)[0]).toMatchObject({ alive: [false, true], aliveIsAggregate: false });
  });

  it('all pass when the instance is healthy', () => {
    const mirror = mirrorOf(two([task('a', { alive: [false, true] })]));
    mirror.apply(instanceHealth('a', true, 1), 0);
    expect(tasks(mirror)[0]).toMatchObject({ alive: [true, true], aliveIsAggregate: false });
  });
});

describe('the health of a task that is not known yet', () => {
  it('is fetched, because an answer under way may be older than the check', () => {
    const mirror = mirrorOf(app([]));
    const underWay = mirror.mark();
    expect(mirror.apply(instanceHealth('a', true, 1), 0).apps).toEqual([web]);
    mirror.installOne(underWay, web, answer(app([task('a')])), 0);
    mirror.installOne(mirror.mark(), web, answer(app([task('a', { alive: [true] })])), 0);
    expect(tasks(mirror)).toMatchObject([{ alive: [true] }]);
  });

  it('is not fetched if the task is over, or nothing is known about it', () => {
    const mirror = mirrorOf(app([task('a')]));
    mirror.apply(status('a', 'TASK_KILLED', 1), 0);
    expect(mirror.apply(instanceHealth('a', true, 2), 0).apps).toEqual([]);
    expect(mirror.apply(instanceHealth('b', undefined, 3), 0).apps).toEqual([]);
  });
});

describe('health that Marathon has forgotten', () => {
  const one = (alive: boolean[]) => app([task('a', { alive })]);
  const two = (alive: boolean[], aliveIsAggregate = false) =>
    app([task('a', { alive, aliveIsAggregate })], { healthChecks: [check, check] });
  it.each([
    ['is kept when the answer has none', one([true]), one([]), [true]],
    ['stays bad when the answer has none', one([false]), one([]), [false]],
    ['is kept when the answer has some of it', two([true, true]), two([true]), [true, true]],
    ['stays bad when the answer has some of it', two([false], true), two([true]), [false]],
    ['gives way to a failure', two([true, true]), two([false]), [false]],
    ['gives way to a whole answer', two([false], true), two([true, true]), [true, true]],
    ['gives way to a new answer', one([true]), one([false]), [false]],
    ['ends with the checks', one([true]), app([task('a')], { healthChecks: [] }), []],
  ])('%s', (_name, ours, fetched, expected) => {
    const mirror = mirrorOf(ours);
    mirror.newStream();
    mirror.installAll(mirror.mark(), answer(fetched), 0, false);
    expect(tasks(mirror)[0]?.alive).toEqual(expected);
  });
});

describe('a task that is over', () => {
  it('is not brought back by a late answer, late health or a repeated status', () => {
    const mirror = mirrorOf(app([task('a')]));
    const late = mirror.mark();
    mirror.apply(status('a', 'TASK_KILLED', 10), 0);
    mirror.apply(checkHealth('a', true, 11), 0);
    mirror.apply(status('a', 'TASK_RUNNING', 9), 0);
    mirror.apply(status('a', 'TASK_RUNNING', 10), 0);
    mirror.apply(condition('a', 'Running', 12), 0);
    mirror.installOne(late, web, answer(app([task('a')])), 0);
    mirror.installAll(mirror.mark(), answer(app([task('a', { state: 'TASK_KILLED', ports: [] })])), 0, false);
    expect(tasks(mirror)).toEqual([]);
  });

  it('makes room for the next incarnation of its instance', () => {
    const mirror = mirrorOf(app([task('a')]));
    mirror.apply(status('a', 'TASK_FAILED', 10), 0);
    mirror.apply(condition('a', 'Failed', 11), 0);
    const next = asTaskId('web.instance-a._app.2');
    mirror.apply({ ...(status('a', 'TASK_RUNNING', 20) as object), taskId: next } as MarathonEvent, 0);
    mirror.apply(condition('a', 'Running', 21), 0);
    expect(tasks(mirror)).toMatchObject([{ id: next, state: 'TASK_RUNNING', leaving: false }]);
  });

  it('may run again under its own id if Marathon says so later, as resident tasks do up to 1.4', () => {
    const mirror = mirrorOf(app([task('a')]));
    mirror.apply(status('a', 'TASK_FINISHED', 10), 0);
    mirror.apply(status('a', 'TASK_RUNNING', 20), 0);
    expect(tasks(mirror)).toHaveLength(1);
  });

  it('is forgotten after a while', () => {
    const mirror = mirrorOf(app([task('a')]));
    mirror.apply(status('a', 'TASK_KILLED', 10), 0);
    mirror.installAll(mirror.mark(), answer(app([])), 700_000, false);
    mirror.installAll(mirror.mark(), answer(app([task('a')])), 700_000, false);
    expect(tasks(mirror)).toHaveLength(1);
  });
});

describe('the mirror, when answers and events cross,', () => {
  it('keeps what events have reported since the request was sent, and takes the rest', () => {
    const mirror = mirrorOf(app([task('a'), task('b'), task('c')]));
    const mark = mirror.mark();
    mirror.apply(checkHealth('a', false, 1), 0);
    mirror.apply(status('d', 'TASK_RUNNING', 2), 0);
    const fetched = app([task('a', { alive: [true] }), task('b', { alive: [true] })], {
      labels: { new: 'label' },
    });
    mirror.installOne(mark, web, answer(fetched), 0);
    expect(mirror.apps.get(web)?.labels).toEqual({ new: 'label' });
    expect(tasks(mirror).map((t) => [t.id, t.alive])).toEqual([
      ['web.instance-a._app.1', [false]],
      ['web.instance-b._app.1', [true]],
      ['web.instance-d._app.1', []],
    ]);
  });

  it('takes health that only the answer has, although the task has changed since', () => {
    const mirror = mirrorOf(app([], { healthChecks: [check, check] }));
    mirror.apply({ ...status('a', 'TASK_RUNNING', 1), ipAddresses: [] } as MarathonEvent, 0);
    mirror.apply(checkHealth('a', true, 2), 0);
    const mark = mirror.mark();
    mirror.apply({ ...status('a', 'TASK_KILLING', 3), ipAddresses: [] } as MarathonEvent, 0);
    const asked = task('a', { alive: [true, true], ipAddresses: ['10.0.0.1'] });
    mirror.installOne(mark, web, answer(app([asked], { healthChecks: [check, check] })), 0);
    expect(tasks(mirror)).toMatchObject([
      { state: 'TASK_KILLING', alive: [true, true], ipAddresses: ['10.0.0.1'] },
    ]);
  });

  it('takes the state that was reported while the app was unknown, although health is reported during the request', () => {
    const mirror = mirrorOf();
    const first = mirror.mark(web);
    expect(mirror.apply(status('a', 'TASK_RUNNING', 1), 0).apps).toEqual([web]);
    mirror.installOne(first, web, answer(app([task('a', { state: 'TASK_STARTING' })])), 0);
    const second = mirror.mark(web);
    mirror.apply(condition('a', 'Running', 2), 0);
    mirror.apply(instanceHealth('a', true, 3), 0);
    mirror.installOne(second, web, answer(app([task('a')])), 0);
    expect(tasks(mirror)).toMatchObject([{ state: 'TASK_RUNNING', alive: [true] }]);
  });

  it('asks again for an app that was absent, because the answer under way may be older than the event', () => {
    const mirror = mirrorOf();
    mirror.installOne(mirror.mark(), other, undefined, 0);
    expect(mirror.apply(status('x', 'TASK_RUNNING', 1, other), 0).apps).toEqual([]);
    for (const asked of [other, '/', undefined]) {
      mirror.installOne(mirror.mark('/else'), other, undefined, 0);
      mirror.mark(asked);
      expect(mirror.apply(status('x', 'TASK_RUNNING', 2, other), 0).apps).toEqual([other]);
    }
  });

  it('asks for an app whose health is reported while it has no checks yet', () => {
    const mirror = mirrorOf(app([task('a')], { healthChecks: [] }));
    expect(mirror.apply(instanceHealth('a', true, 1), 0).apps).toEqual([web]);
  });

  it('does not replace a newer answer with an older one', () => {
    const mirror = mirrorOf(app([]));
    const [older, newer] = [mirror.mark(), mirror.mark()];
    mirror.installOne(newer, web, answer(app([], { labels: { is: 'new' } })), 0);
    mirror.installOne(older, web, answer(app([], { labels: { is: 'old' } })), 0);
    mirror.installAll(older, answer(), 0, false);
    expect(mirror.apps.get(web)?.labels).toEqual({ is: 'new' });
    mirror.installOne(mirror.mark(), web, undefined, 0);
    mirror.installOne(newer, web, answer(app([])), 0);
    expect(mirror.apps.has(web)).toBe(false);
  });

  it('ignores answers of a stream that is gone', () => {
    const mirror = mirrorOf(app([task('a')]));
    const late = mirror.mark();
    mirror.newStream();
    mirror.installOne(late, web, undefined, 0);
    mirror.installGroup(late, '/', undefined, 0);
    mirror.installAll(late, answer(), 0, false);
    expect(tasks(mirror)).toHaveLength(1);
  });

  it('keeps events until the first base arrives and then applies them on top of it', () => {
    const mirror = new MirrorState();
    mirror.newStream();
    const mark = mirror.mark();
    expect(mirror.apply(status('a', 'TASK_KILLED', 1), 0)).toEqual({ apps: [], groups: [] });
    mirror.apply(status('b', 'TASK_RUNNING', 2), 0);
    mirror.apply(status('x', 'TASK_RUNNING', 3, other), 0);
    mirror.hasGoals = true;
    mirror.apply(condition('b', 'Running', 4), 0);
    const wishes = mirror.installAll(mark, answer(app([task('a')])), 0, false);
    expect(tasks(mirror)).toMatchObject([{ id: 'web.instance-b._app.1', leaving: false }]);
    expect(wishes?.apps).toEqual([other]);
  });

  it('keeps identities if a full answer says nothing new', () => {
    const mirror = mirrorOf(app([task('a', { alive: [true] })]), app([], { id: other }));
    const before = new Map(mirror.apps);
    mirror.installAll(
      mirror.mark(),
      answer(app([task('a', { alive: [] })]), app([], { id: other })),
      0,
      false,
    );
    for (const [id, known] of before) expect(mirror.apps.get(id)).toBe(known);
    expect(mirror.store.takeChanged()).toEqual([]);
  });

  it('keeps an app that exists but is malformed as it was', () => {
    const mirror = mirrorOf(app([task('a')]), app([], { id: other }));
    mirror.installAll(mirror.mark(), { apps: [], diagnostics: [], malformed: [web] }, 0, false);
    expect([...mirror.apps.keys()]).toEqual([web]);
  });

  it('drops the hint that a task is leaving if it still runs long after', () => {
    const mirror = mirrorOf(app([task('a')]));
    mirror.apply(condition('a', 'Running', 1), 0);
    mirror.installAll(mirror.mark(), answer(app([task('a')])), 100_000, false);
    expect(tasks(mirror)[0]?.leaving).toBe(true);
    mirror.installAll(mirror.mark(), answer(app([task('a')])), 400_000, false);
    expect(tasks(mirror)[0]?.leaving).toBe(false);
  });
});

describe('what has to be fetched', () => {
  it('includes an app that a status names and nobody knows, until Marathon says that it does not exist', () => {
    const mirror = mirrorOf();
    expect(mirror.apply(status('x', 'TASK_RUNNING', 1, other), 0).apps).toEqual([other]);
    mirror.installOne(mirror.mark(), other, undefined, 0);
    expect(mirror.apply(status('x', 'TASK_RUNNING', 2, other), 0).apps).toEqual([]);
    expect(mirror.apply(deployment(5, [other]), 0).apps).toEqual([]);
    expect(mirror.apply(groupChanged(5), 0).apps).toEqual([other]);
  });

  it('does not include an app whose unknown task is over', () => {
    expect(mirrorOf().apply(status('x', 'TASK_KILLED', 1, other), 0).apps).toEqual([]);
  });

  it('includes an app with a task on a lost agent, because its strategy decides whether it stays', () => {
    expect(mirrorOf(app([task('a')])).apply(status('a', 'TASK_UNREACHABLE', 1), 0).apps).toEqual([web]);
  });

  it('includes an app that somebody posted, and one that Marathon reports as terminated', () => {
    const mirror = mirrorOf(app([]));
    const at = 1;
    expect(mirror.apply({ kind: 'api-post', type: 'api_post_event', at, appId: other }, 0).apps).toEqual([
      other,
    ]);
    const gone = (appId: typeof web): MarathonEvent => ({
      kind: 'app-terminated',
      type: 'app_terminated_event',
      at,
      appId,
    });
    expect(mirror.apply(gone(web), 0).apps).toEqual([web]);
    expect(mirror.apply(gone(other), 0).apps).toEqual([]);
  });

  it('includes everything below a group', () => {
    const [a, b] = [asAppId('/team/a'), asAppId('/team/b')];
    const mirror = mirrorOf(app([], { id: a }), app([], { id: asAppId('/teamwork') }));
    mirror.installGroup(mirror.mark(), '/team', answer(app([], { id: b })), 0);
    expect([...mirror.apps.keys()].sort()).toEqual(['/team/b', '/teamwork']);
    mirror.installGroup(mirror.mark(), '/team', undefined, 0);
    expect([...mirror.apps.keys()]).toEqual(['/teamwork']);
  });
});

describe('differences found by a full answer', () => {
  const changed = () => answer(app([task('a', { host: 'agent2' })]));

  it('count when no event explains them', () => {
    const mirror = mirrorOf(app([task('a')]), app([], { id: other }));
    mirror.installAll(mirror.mark(), changed(), 0, true);
    expect(mirror.drift.settle(1_000)).toBe(0);
    expect(mirror.drift.settle(10_000)).toBe(2);
    expect(mirror.drift.settle(20_000)).toBe(2);
  });

  it('do not count when the event is only late, or the stream was interrupted', () => {
    const mirror = mirrorOf(app([task('a')]));
    mirror.installAll(mirror.mark(), changed(), 0, true);
    mirror.apply(status('a', 'TASK_RUNNING', 1), 100);
    expect(mirror.drift.settle(10_000)).toBe(0);
    mirror.newStream();
    mirror.installAll(mirror.mark(), answer(app([])), 0, true);
    expect(mirror.drift.settle(20_000)).toBe(0);
  });

  it('do not count for a task that is being staged, which no event announces', () => {
    const mirror = mirrorOf(app([task('a')]));
    const staged = task('b', { state: 'TASK_STAGING', ipAddresses: [] });
    mirror.installAll(mirror.mark(), answer(app([task('a'), staged], { instances: 1 })), 0, true);
    expect(tasks(mirror)).toHaveLength(2);
    expect(mirror.drift.settle(10_000)).toBe(0);
  });
});

it('the mirror finds tasks from before Marathon 1.4 by the ids of both generations', () => {
  const old = task('a', { id: asTaskId('web.0664256e'), instanceId: asInstanceId('web.0664256e') });
  const by = (instanceId: string, taskId?: string): MarathonEvent =>
    ({
      ...(checkHealth('a', true, 1) as object),
      instance: {
        instanceId: asInstanceId(instanceId),
        taskId: taskId === undefined ? undefined : asTaskId(taskId),
      },
    }) as MarathonEvent;
  for (const event of [by('web.0664256e', 'web.0664256e'), by('web.marathon-0664256e')]) {
    const mirror = mirrorOf(app([old]));
    mirror.apply(event, 0);
    expect(tasks(mirror)[0]?.alive).toEqual([true]);
  }
});

/** Four requests are under way at a time, and their answers arrive in any order. */
describe('an answer that is older than what is known of an app', () => {
  const label = (is: string) => app([], { labels: { is } });

  it('does not bring back an app that is missing in a list requested later, known to the mirror or not', () => {
    for (const known of [true, false]) {
      const mirror = known ? mirrorOf(app([])) : mirrorOf();
      const old = mirror.mark(web);
      const list = mirror.mark();
      mirror.installAll(list, answer(), 0, false);
      mirror.over(list);
      mirror.installOne(old, web, answer(app([])), 0);
      expect(mirror.apps.has(web)).toBe(false);
    }
  });

  it('does not bring back an app that is missing in a list of its group', () => {
    const mirror = mirrorOf();
    const id = asAppId('/team/web');
    const old = mirror.mark(id);
    const group = mirror.mark('/team');
    mirror.installGroup(group, '/team', answer(), 0);
    mirror.over(group);
    mirror.installOne(old, id, answer(app([], { id })), 0);
    expect(mirror.apps.has(id)).toBe(false);
  });

  it('does not give an app labels that a later list has replaced', () => {
    const mirror = mirrorOf(label('old'));
    const old = mirror.mark(web);
    const list = mirror.mark();
    mirror.installAll(list, answer(label('new')), 0, false);
    mirror.over(list);
    mirror.installOne(old, web, answer(label('old')), 0);
    expect(mirror.apps.get(web)?.labels).toEqual({ is: 'new' });
  });

  it('does not remove an app that a later list has, nor hide its events', () => {
    const mirror = mirrorOf();
    const old = mirror.mark(web);
    const list = mirror.mark();
    mirror.installAll(list, answer(app([])), 0, false);
    mirror.over(list);
    mirror.installOne(old, web, undefined, 0);
    mirror.over(old);
    expect(mirror.apps.has(web)).toBe(true);
    mirror.installAll(mirror.mark(), { ...answer(), malformed: [] }, 0, false);
    expect(mirror.apply(status('a', 'TASK_RUNNING', 1), 0).apps).toEqual([web]);
  });

  it('counts if the later list could not read the app', () => {
    const mirror = mirrorOf(label('old'));
    const old = mirror.mark(web);
    mirror.installAll(mirror.mark(), { apps: [], diagnostics: [], malformed: [web] }, 0, false);
    mirror.installOne(old, web, answer(label('new')), 0);
    expect(mirror.apps.get(web)?.labels).toEqual({ is: 'new' });
  });

  it('leaves no record once no older request is under way', () => {
    const order = new AnswerOrder();
    for (let i = 1; i <= 1_000; i++) {
      order.sent(i);
      order.answered(i, asAppId(`/app-${i}`));
      order.listed({ order: i, prefix: '/', silentOn: new Set(), hasPods: true });
      order.over(i);
    }
    expect(order.size).toBe(0);
  });
});
