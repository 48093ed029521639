import { expect, test } from 'vitest';
import { openFileLimit, parseOpenFileLimit } from '../../../src/haproxy/process/limits.ts';

test('the hard limit of a process is read, unless the process is gone', async () => {
  expect(await openFileLimit()).toBeGreaterThan(0);
  expect(await openFileLimit(process.ppid)).toBeGreaterThan(0);
  expect(await openFileLimit(999_999_999)).toBeUndefined();
});

test('the hard limit is the second number of the line', () => {
  expect(
    parseOpenFileLimit('Max open files            1024                 20000                files \n'),
  ).toBe(20_000);
  expect(
    parseOpenFileLimit('Max open files            1024                 unlimited            files \n'),
  ).toBe(Infinity);
  expect(parseOpenFileLimit('')).toBeUndefined();
});
