import { appendFile, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { logSize, readLogSince, rotateLog } from '../../../src/haproxy/process/log-file.ts';
import { temporaryFolder } from '../../support/haproxy.ts';

test('a log that is too large is put aside, even while HAProxy writes to it', async () => {
  const file = path.join(temporaryFolder(), 'haproxy.log');
  const writer = await open(file, 'a');
  await writer.write('before');
  await rotateLog(file, 100);
  expect(await readFile(file, 'utf8')).toBe('before');
  await rotateLog(file, 3);
  await writer.write('after');
  await writer.close();
  expect(await readFile(`${file}.1`, 'utf8')).toBe('before');
  expect(await readFile(file, 'utf8')).toBe('after');
});

test('what was written since a point is read, even if the log was emptied meanwhile', async () => {
  const file = path.join(temporaryFolder(), 'haproxy.log');
  expect(await logSize(file)).toBe(0);
  expect(await readLogSince(file, 0)).toBe('');
  await writeFile(file, 'old ');
  const from = await logSize(file);
  await appendFile(file, 'new');
  expect(await readLogSince(file, from)).toBe('new');
  await writeFile(file, 'x');
  expect(await readLogSince(file, from)).toBe('x');
});
