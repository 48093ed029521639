/** The benchmark runs from end to end on a small cluster. What it finds is not judged here: other tests run beside it. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeMachine } from './machine.ts';
import { measure } from './measure.ts';
import { readOptions } from './options.ts';
import { spreadOf } from './result.ts';
import { daemonFlags } from './stack.ts';
import { tableOf } from './table.ts';

test('measures a small cluster', async () => {
  const size = await measure({
    ...{ apps: 5, tasksEach: 2, rounds: 2, idleMs: 0, haproxyBin: undefined },
    program: join(import.meta.dirname, '..', '..', 'dist', 'main.js'),
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  const phase = {
    rounds: 2,
    missed: 0,
    failedProbes: 0,
    latency: { p50: expect.any(Number) as number, max: expect.any(Number) as number },
  };
  expect(size).toMatchObject({ apps: 5, tasksEach: 2, up: phase, down: phase });
  expect(size.fullSync.snapshotToAppliedMs).toBeGreaterThan(0);
  expect(size.fullSync.listBytes).toBeGreaterThan(0);
  expect(size.up.perChange.events).toBeGreaterThan(0);
  expect(size.memory.resident).toBeGreaterThan(0);

  const machine = await describeMachine(undefined);
  const table = tableOf({ sizes: [size, size], flags: daemonFlags, machine });
  expect(table).toContain('5 apps x 2');
  expect(table).toContain('--reload-spacing 0');
  expect(table).not.toMatch(/NaN|undefined/);
});

test('takes the options of its command line', () => {
  expect(readOptions(['--apps', '10,20', '--tasks', '3', '--rounds', '4', '--json'])).toMatchObject({
    apps: [10, 20],
    tasksEach: 3,
    rounds: 4,
    json: true,
  });
  expect(() => readOptions(['--apps', 'many'])).toThrow('--apps: "many" is not a whole number');
});

test('gives percentiles by nearest rank', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ p50: 2, p99: 4, min: 1, max: 4 });
});
