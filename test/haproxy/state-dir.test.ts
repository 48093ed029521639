import { readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startTime } from '../../src/haproxy/proc-fs.ts';
import { openStateDir } from '../../src/haproxy/state-dir.ts';
import { temporaryFolder } from '../support/haproxy.ts';

const lockOf = (directory: string) => path.join(directory, 'pacer.pid');

test('the state directory is made, closed to others, and locked', async () => {
  const directory = path.join(temporaryFolder(), 'deep/state');
  const state = await openStateDir(directory);
  expect((await stat(directory)).mode & 0o777).toBe(0o750);
  await expect(openStateDir(directory)).rejects.toMatchObject({
    code: 'STATE_DIR_IN_USE',
    message: `the state directory ${directory} is in use by the Pacer with pid ${process.pid}`,
  });
  await state.release();
  await (await openStateDir(directory)).release();
  expect(await readdir(directory)).toEqual(['revisions']);
});

test('of many that want the directory at once one gets it', async () => {
  const directory = temporaryFolder();
  await writeFile(lockOf(directory), '999999999 1\n');
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => openStateDir(directory)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test.each([
  ['of a process that is gone', () => Promise.resolve('999999999 1\n')],
  ['of another process that had the same pid', () => Promise.resolve(`${process.pid} 1\n`)],
  ['that was cut off', () => Promise.resolve('')],
])('a lock %s is taken over', async (_, content) => {
  const directory = temporaryFolder();
  await writeFile(lockOf(directory), await content());
  await (await openStateDir(directory)).release();
});

test('a lock of a living process is respected', async () => {
  const directory = temporaryFolder();
  await writeFile(lockOf(directory), `${process.ppid} ${await startTime(process.ppid)}\n`);
  await expect(openStateDir(directory)).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' });
});

test('releasing leaves a lock that somebody else has taken over', async () => {
  const directory = temporaryFolder();
  const state = await openStateDir(directory);
  await writeFile(lockOf(directory), '1 1\n');
  await state.release();
  expect(await readdir(directory)).toContain('pacer.pid');
});

test('a place where no directory can be made is told', async () => {
  await expect(openStateDir('/sys/pacer')).rejects.toMatchObject({ code: 'STATE_DIR_UNWRITABLE' });
});
