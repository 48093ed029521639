import { chmod, chown, lchown, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeSynced } from '../../../src/haproxy/files/durable.ts';
import { startTime } from '../../../src/haproxy/process/proc-fs.ts';
import { openStateDir } from '../../../src/haproxy/process/state-dir.ts';
import { temporaryFolder } from '../../support/haproxy.ts';

const lockOf = (directory: string) => path.join(directory, 'pacer.pid');

test('the state directory is created, closed to others, and locked', async () => {
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

test('only one of many processes gets the directory', async () => {
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

test('a lock of a live process is respected', async () => {
  const directory = temporaryFolder();
  await writeFile(lockOf(directory), `${process.ppid} ${await startTime(process.ppid)}\n`);
  await expect(openStateDir(directory)).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' });
});

test('releasing leaves a lock that another process has taken over', async () => {
  const directory = temporaryFolder();
  const state = await openStateDir(directory);
  await writeFile(lockOf(directory), '1 1\n');
  await state.release();
  expect(await readdir(directory)).toContain('pacer.pid');
});

test('a place where no directory can be created is reported', async () => {
  await expect(openStateDir('/sys/pacer')).rejects.toMatchObject({ code: 'STATE_DIR_UNWRITABLE' });
});

describe('a state directory that another user can change', () => {
  const someone = 65534;
  const isRoot = process.getuid?.() === 0;
  const refusal = (directory: string) =>
    openStateDir(directory).then(
      () => 'taken',
      (error: unknown) => {
        const { code, message, remedy } = error as { code: string; message: string; remedy: string };
        return `${code}: ${message}; ${remedy}`.replaceAll(directory, 'DIR');
      },
    );
  const end = 'what Pacer writes there could end up in any file of this machine';

  test('is refused if others may write to it, with the command that closes it', async () => {
    const directory = temporaryFolder();
    await chmod(directory, 0o777);
    expect(await refusal(directory)).toBe(
      `STATE_DIR_UNSAFE: other users may write to DIR (mode 777): ${end}; chmod go-w DIR`,
    );
    expect(await readdir(directory)).toEqual([]);
    await chmod(directory, 0o755);
    expect(await refusal(directory)).toBe('taken');
  });

  test.runIf(isRoot)('is refused if it belongs to another user', async () => {
    const directory = temporaryFolder();
    await chown(directory, someone, someone);
    expect(await refusal(directory)).toContain('STATE_DIR_UNSAFE: DIR belongs to another user (uid 65534)');
    expect(await readdir(directory)).toEqual([]);
  });

  test.runIf(isRoot).each([
    ['in the directory', 'hosts.json.new'],
    ['in a folder of it', 'certificates/self-signed.pem'],
    ['instead of a folder of it', 'revisions'],
  ])('is refused if another user placed a link, %s', async (_, name) => {
    const directory = temporaryFolder();
    const link = path.join(directory, name);
    await mkdir(path.dirname(link), { recursive: true, mode: 0o755 });
    await symlink('/etc/passwd', link);
    await lchown(link, someone, someone);
    expect(await refusal(directory)).toBe(
      `STATE_DIR_UNSAFE: DIR/${name} belongs to another user (uid 65534): ${end}; remove it: rm -r DIR/${name}`,
    );
  });

  test.runIf(isRoot)('is refused if it is a link that another user made, or is behind one', async () => {
    const directory = temporaryFolder();
    const target = temporaryFolder();
    const link = path.join(directory, 'pacer');
    await symlink(target, link);
    await lchown(link, someone, someone);
    for (const it of [link, path.join(link, 'deep')])
      await expect(openStateDir(it)).rejects.toMatchObject({
        code: 'STATE_DIR_UNSAFE',
        message: expect.stringContaining(`${link} is a link that another user (uid 65534) made`) as string,
      });
    expect(await readdir(target)).toEqual([]);
  });

  test('is accepted behind a link of one’s own', async () => {
    const link = path.join(temporaryFolder(), 'pacer');
    await symlink(temporaryFolder(), link);
    expect(await refusal(link)).toBe('taken');
  });
});

test('nothing is written through a link', async () => {
  const directory = temporaryFolder();
  const target = path.join(directory, 'target');
  await writeFile(target, 'as it was');
  await symlink(target, path.join(directory, 'link'));
  await expect(writeSynced(path.join(directory, 'link'), 'changed')).rejects.toMatchObject({ code: 'ELOOP' });
  expect(await readFile(target, 'utf8')).toBe('as it was');
});
