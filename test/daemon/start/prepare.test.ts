/** What comes in the environment and has to be on the machine before HAProxy starts. */
import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeGivenCertificates } from '../../../src/daemon/files/given-certificates.ts';
import { setKernelParameters } from '../../../src/daemon/start/prepare.ts';

let folder: string;
let ssl: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pacer-prepare-'));
  ssl = join(folder, 'ssl');
  await mkdir(ssl);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a certificate from the environment', () => {
  const given = { source: 'HAPROXY_SSL_CERT', name: 'cert.pem', pem: 'first\n' };
  const file = () => join(folder, 'state', 'certificates', 'cert.pem');
  const write = (pem = given.pem) => writeGivenCertificates([{ ...given, pem }], join(folder, 'state'), ssl);

  test('is readable by its owner only, at the path marathon-lb uses', async () => {
    expect(await write()).toEqual([]);
    expect(await readFile(join(ssl, 'cert.pem'), 'utf8')).toBe('first\n');
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'state', 'certificates'))).mode & 0o777).toBe(0o700);
  });

  test('is replaced by a new one, and its link stays', async () => {
    await write();
    expect(await write('second\n')).toEqual([]);
    expect(await readFile(join(ssl, 'cert.pem'), 'utf8')).toBe('second\n');
  });

  test('is not written again if it has not changed', async () => {
    await write();
    const before = (await stat(file())).mtimeMs;
    await write();
    expect((await stat(file())).mtimeMs).toBe(before);
  });

  test('does not replace a file of the system', async () => {
    await writeFile(join(ssl, 'cert.pem'), 'authorities');
    const [problem] = await write();
    expect(problem).toContain(`HAPROXY_SSL_CERT: ${join(ssl, 'cert.pem')} exists already`);
    expect(await readFile(join(ssl, 'cert.pem'), 'utf8')).toBe('authorities');
    expect(await readFile(file(), 'utf8')).toBe('first\n');
  });

  test('uses a link that an image has made already', async () => {
    await symlink(file(), join(ssl, 'cert.pem'));
    expect(await write()).toEqual([]);
    expect(await readlink(join(ssl, 'cert.pem'))).toBe(file());
  });

  test('is stored even if no link can be made', async () => {
    const [problem] = await writeGivenCertificates([given], join(folder, 'state'), join(folder, 'nowhere'));
    expect(problem).toContain('ENOENT');
    expect(await readFile(file(), 'utf8')).toBe('first\n');
  });
});

test('kernel parameters are set if they exist, and others are reported', async () => {
  await mkdir(join(folder, 'net', 'core'), { recursive: true });
  await writeFile(join(folder, 'net', 'core', 'somaxconn'), '4096');
  const problems = await setKernelParameters(
    [
      { name: 'net.core.somaxconn', value: '10000' },
      { name: 'net.ipv9.speed', value: '1' },
    ],
    folder,
  );
  expect(await readFile(join(folder, 'net', 'core', 'somaxconn'), 'utf8')).toBe('10000');
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain('net.ipv9.speed is not set to 1');
});
