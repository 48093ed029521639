import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task, TaskState } from '../../src/core/model/model.ts';
import type { MarathonEvent } from '../../src/marathon/decode/event-types.ts';
import type { MirrorState } from '../../src/marathon/mirror/mirror-state.ts';
import {
  answer,
  app,
  checkHealth,
  condition,
  instanceHealth,
  mirrorOf,
  status,
  task,
  taskId,
  tasks,
  web,
} from './mirror-build.ts';

const names = ['a', 'b', 'c'] as const;
const lives: readonly TaskState[][] = [
  ['TASK_STARTING', 'TASK_RUNNING'],
  ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED'],
  ['TASK_RUNNING', 'TASK_FAILED'],
  ['TASK_STAGING', 'TASK_FAILED'],
  ['TASK_RUNNING', 'TASK_UNREACHABLE', 'TASK_RUNNING'],
];
const conditions: Partial<Record<TaskState, string>> = {
  TASK_STARTING: 'Starting',
  TASK_RUNNING: 'Running',
  TASK_KILLING: 'Killing',
  TASK_KILLED: 'Killed',
  TASK_FAILED: 'Failed',
  TASK_UNREACHABLE: 'Unreachable',
};
const over = new Set<TaskState>(['TASK_KILLED', 'TASK_FAILED']);

interface History {
  readonly events: readonly MarathonEvent[];
  /** What Marathon lists in the end. */
  readonly truth: readonly Task[];
}

/** What Marathon does with its tasks, each event with a time of its own. */
const history: fc.Arbitrary<History> = fc
  .tuple(...names.map(() => fc.tuple(fc.constantFrom(...lives), fc.array(fc.boolean(), { maxLength: 3 }))))
  .map((tasksOfHistory) => {
    let at = 1;
    const events: MarathonEvent[] = [];
    const truth: Task[] = [];
    tasksOfHistory.forEach(([life, health], i) => {
      const name = names[i]!;
      for (const state of life) {
        events.push(status(name, state, at++));
        const changed = conditions[state];
        if (changed !== undefined) events.push(condition(name, changed, at++));
        if (state !== 'TASK_RUNNING') continue;
        for (const alive of health)
          events.push(checkHealth(name, alive, at++), instanceHealth(name, alive, at++));
      }
      const state = life.at(-1)!;
      if (!over.has(state)) truth.push(task(name, { state, alive: health.slice(-1) }));
    });
    return { events, truth };
  });

/** The events, some twice, in any order. */
const shuffled = history.chain(({ events, truth }) =>
  fc
    .tuple(fc.shuffledSubarray([...events], { minLength: events.length }), fc.shuffledSubarray([...events]))
    .chain(([once, again]) =>
      fc
        .array(fc.nat({ max: once.length }), { minLength: again.length, maxLength: again.length })
        .map((places) => {
          const all = [...once];
          places.forEach((place, i) => all.splice(place, 0, again[i]!));
          return {
            events: all,
            truth,
            dead: names.filter((name) => !truth.some((alive) => alive.id === taskId(name))),
          };
        }),
    ),
);

/** When a task started is what was told first, in whatever order. */
const comparable = (mirror: MirrorState) =>
  tasks(mirror).map(({ startedAt: _, ...known }) => ({ ...known, leaving: false }));

describe('in any order of events, repeated or not,', () => {
  it('the mirror is correct after one answer that was requested when all was quiet', () => {
    fc.assert(
      fc.property(shuffled, ({ events, truth }) => {
        const mirror = mirrorOf(app([]));
        for (const event of events) mirror.apply(event, 0);
        mirror.installOne(mirror.mark(), web, answer(app(truth)), 0);
        expect(comparable(mirror)).toEqual(truth);
      }),
    );
  });

  it('a task that is reported as ended never comes back, not even by an earlier answer', () => {
    fc.assert(
      fc.property(shuffled, fc.nat(), ({ events, dead }, when) => {
        const mirror = mirrorOf(app(names.map((name) => task(name))));
        const late = mirror.mark();
        const told = new Set<string>();
        events.forEach((event, i) => {
          mirror.apply(event, 0);
          if (event.kind === 'status' && over.has(event.state)) told.add(event.taskId);
          if (i === when % events.length)
            mirror.installOne(late, web, answer(app(names.map((name) => task(name)))), 0);
          for (const known of tasks(mirror)) expect(told.has(known.id)).toBe(false);
        });
        for (const name of dead) expect(tasks(mirror).map((known) => known.id)).not.toContain(taskId(name));
      }),
    );
  });

  it('the latest report on each known task counts, even before anything is fetched', () => {
    fc.assert(
      fc.property(shuffled, ({ events, truth }) => {
        const mirror = mirrorOf(app(names.map((name) => task(name))));
        for (const event of events) mirror.apply(event, 0);
        expect(comparable(mirror)).toEqual(truth);
      }),
    );
  });

  it('the mirror equals what Marathon lists if the events are in order', () => {
    fc.assert(
      fc.property(history, fc.boolean(), ({ events, truth }, twice) => {
        const mirror = mirrorOf(app([]));
        for (const event of events)
          for (const same of twice ? [event, event] : [event]) mirror.apply(same, 0);
        expect(comparable(mirror)).toEqual(truth);
      }),
    );
  });
});
