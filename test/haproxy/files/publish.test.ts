import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checkConfiguration } from '../../../src/haproxy/files/check.ts';
import {
  activate,
  activeConfigFile,
  activeRevision,
  listRevisions,
  prune,
  publishRevision,
} from '../../../src/haproxy/files/publish.ts';
import { parseMapList } from '../../../src/haproxy/replies/maps.ts';
import { configuration, haproxyProgram, temporaryFolder, testHaproxy } from '../../support/haproxy.ts';

const files = (text: string) =>
  new Map([
    ['haproxy.cfg', text],
    ['maps/hosts.map', `h ${text}\n`],
  ]);
const revision = (number: number, text = `text ${number}`) => ({
  number,
  hash: `${number}abcdef0123456789`,
  files: files(text),
});

test('a revision is complete under its name, and readable only by its group', async () => {
  const state = temporaryFolder();
  const published = await publishRevision(state, revision(7));
  expect(published).toEqual({
    number: 7,
    hash8: '7abcdef0',
    directory: path.join(state, 'revisions/7-7abcdef0'),
  });
  expect(await readFile(path.join(published.directory, 'maps/hosts.map'), 'utf8')).toBe('h text 7\n');
  expect((await stat(path.join(published.directory, 'haproxy.cfg'))).mode & 0o777).toBe(0o640);
  expect(await activeRevision(state)).toBeUndefined();
});

test('activating changes only what `current` points to', async () => {
  const state = temporaryFolder();
  const one = await publishRevision(state, revision(1));
  const two = await publishRevision(state, revision(2));
  await activate(state, one.directory);
  expect(await readFile(activeConfigFile(state), 'utf8')).toBe('text 1');
  await activate(state, two.directory);
  expect(await readFile(activeConfigFile(state), 'utf8')).toBe('text 2');
  expect(await activeRevision(state)).toEqual(two);
  expect(await readdir(state)).toEqual(['current', 'revisions']);
});

test('a crash between publishing and activating leaves the current revision as it was', async () => {
  const state = temporaryFolder();
  await activate(state, (await publishRevision(state, revision(1))).directory);
  await publishRevision(state, revision(2));
  // And one while it was being written:
  await mkdir(path.join(state, 'revisions/.new-3-3abcdef0-999999'));
  expect(await activeRevision(state)).toMatchObject({ number: 1 });
  expect((await listRevisions(state)).map(({ number }) => number)).toEqual([2, 1]);
  await prune(state, 10);
  expect((await readdir(path.join(state, 'revisions'))).toSorted()).toEqual(['1-1abcdef0', '2-2abcdef0']);
});

test('publishing a revision again replaces it, but never the active one', async () => {
  const state = temporaryFolder();
  const first = await publishRevision(state, revision(1, 'before'));
  await publishRevision(state, revision(1, 'after'));
  expect(await readFile(path.join(first.directory, 'haproxy.cfg'), 'utf8')).toBe('after');
  await activate(state, first.directory);
  await publishRevision(state, revision(1, 'too late'));
  expect(await readFile(path.join(first.directory, 'haproxy.cfg'), 'utf8')).toBe('after');
});

test('pruning keeps the newest and the active one', async () => {
  const state = temporaryFolder();
  for (const number of [1, 2, 3, 10, 9]) await publishRevision(state, revision(number));
  await activate(state, path.join(state, 'revisions/1-1abcdef0'));
  expect(await prune(state, 2)).toBe(2);
  expect((await listRevisions(state)).map(({ number }) => number)).toEqual([10, 9, 1]);
});

test('a file outside the revision is refused', async () => {
  const state = temporaryFolder();
  const outside = { ...revision(1), files: new Map([['../other', 'text']]) };
  await expect(publishRevision(state, outside)).rejects.toBeInstanceOf(TypeError);
});

test('a state directory that is a file, or cannot be written, is reported with a remedy', async () => {
  const state = temporaryFolder();
  const file = path.join(state, 'file');
  await writeFile(file, '');
  await expect(publishRevision(file, revision(1))).rejects.toMatchObject({ code: 'STATE_DIR_UNWRITABLE' });
  // root may write anywhere but into /sys.
  await expect(publishRevision('/sys/pacer', revision(1))).rejects.toMatchObject({
    code: 'STATE_DIR_UNWRITABLE',
  });
  if (process.getuid?.() !== 0) {
    const folder = await mkdtemp(path.join(state, 'read-only-'));
    await chmod(folder, 0o500);
    await expect(publishRevision(folder, revision(1))).rejects.toMatchObject({
      code: 'STATE_DIR_UNWRITABLE',
    });
  }
});

test('haproxy -c on a revision reads the maps of that revision', async () => {
  const state = temporaryFolder();
  const text = configuration({ hash: 'h', port: 1, runtimeSocket: path.join(state, 'admin.sock') });
  const good = await publishRevision(state, revision(1, text));
  const bad = await publishRevision(state, revision(2, text));
  await activate(state, good.directory);
  await rm(path.join(bad.directory, 'maps/hosts.map'));
  const file = (directory: string) => path.join(directory, 'haproxy.cfg');
  expect(await checkConfiguration({ program: haproxyProgram, file: file(good.directory) })).toMatchObject({
    kind: 'accepted',
  });
  expect(await checkConfiguration({ program: haproxyProgram, file: file(bad.directory) })).toMatchObject({
    kind: 'rejected',
  });
});

test('a reload reads the maps of the revision that is current then, under the names in the configuration', async () => {
  const { control, publish, answer } = await testHaproxy();
  const first = await publish(1, 'one');
  await control.start(first.file, first.hash);
  const names = async () =>
    parseMapList((await control.runtime(['show map']))[0]?.text ?? '').map(({ file }) => file);
  expect(await names()).toEqual(['maps/hosts.map']);
  const second = await publish(2, 'two');
  expect(await answer()).toBe('one');
  await control.reload(second.hash);
  expect(await answer()).toBe('two');
  expect(await names()).toEqual(['maps/hosts.map']);
});
