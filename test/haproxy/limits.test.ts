import { expect, test } from 'vitest';
import { fileDescriptorsNeeded, openFileLimit, parseOpenFileLimit } from '../../src/haproxy/limits.ts';

test('what HAProxy needs is what it was seen to ask for', () => {
  // "Cannot raise FD limit to 25040": maxconn 5000, 15000 checked servers; listeners are within its own 40.
  expect(fileDescriptorsNeeded({ maxconn: 5000, checkedServers: 15_000, listeners: 0 })).toBe(25_040);
  expect(fileDescriptorsNeeded({ maxconn: 100, checkedServers: 3, listeners: 4 })).toBe(247);
});

test('the hard limit of a process can be read, and not that of one that is gone', async () => {
  expect(await openFileLimit()).toBeGreaterThan(0);
  expect(await openFileLimit(process.ppid)).toBeGreaterThan(0);
  expect(await openFileLimit(999_999_999)).toBeUndefined();
});

test('the hard limit is the second number', () => {
  expect(
    parseOpenFileLimit('Max open files            1024                 20000                files \n'),
  ).toBe(20_000);
  expect(
    parseOpenFileLimit('Max open files            1024                 unlimited            files \n'),
  ).toBe(Infinity);
  expect(parseOpenFileLimit('')).toBeUndefined();
});
