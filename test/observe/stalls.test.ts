import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { watchStalls } from '../../src/observe/stalls.ts';

test('work that lets nothing else run is a stall, and says how long it was', async () => {
  const stalls: number[] = [];
  const watch = watchStalls((ms) => stalls.push(ms), { fromMs: 200 });
  onTestFinished(watch.close);
  const until = performance.now() + 600;
  while (performance.now() < until);
  await sleep(100);
  expect(Math.max(...stalls)).toBeGreaterThan(500);
  expect(watch.longestMs()).toBeGreaterThanOrEqual(Math.max(...stalls));
});

test('time that passes while nothing has to be done is none', async () => {
  const stalls: number[] = [];
  // So long that a busy machine is none either.
  const watch = watchStalls((ms) => stalls.push(ms), { fromMs: 10_000 });
  onTestFinished(watch.close);
  await sleep(300);
  expect([stalls, watch.longestMs()]).toEqual([[], 0]);
});
