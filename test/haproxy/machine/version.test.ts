import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { capabilitiesOf } from '../../../src/haproxy/machine/capabilities.ts';
import { findHaproxy, haproxyVersion, parseVersion } from '../../../src/haproxy/machine/version.ts';
import { haproxyProgram, installedVersion, temporaryFolder } from '../../support/haproxy.ts';

async function script(name: string, output: string): Promise<string> {
  const file = path.join(temporaryFolder(), name);
  await writeFile(file, `#!/bin/sh\necho "${output}"\n`);
  await chmod(file, 0o755);
  return file;
}

test.each([
  ['HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/', '2.6.12', 2, 6],
  ['HAProxy version 3.4.0 2026/06/01 - https://haproxy.org/', '3.4.0', 3, 4],
  ['HAProxy version 3.3-dev5-1234 2025/07/01', '3.3', 3, 3],
  ['HA-Proxy version 1.8.30 2021/04/12', '1.8.30', 1, 8],
  ['3.0.11-1+deb13u4', '3.0.11', 3, 0],
])('the version in "%s" is %s', (text, version, major, minor) => {
  expect(parseVersion(text)).toEqual({ version, major, minor });
});

test('a text without a version has none', () => {
  expect(parseVersion('nginx 1.22')).toBeUndefined();
});

test('HAProxy is found in sbin even if PATH does not contain it', async () => {
  expect(path.basename(await findHaproxy(undefined, ''))).toBe('haproxy');
});

test('PATH is searched first, and a given path is the only one tried', async () => {
  const program = await script('haproxy', '');
  expect(await findHaproxy(undefined, `/nonexistent:${path.dirname(program)}`)).toBe(program);
  expect(await findHaproxy(program, '')).toBe(program);
  await expect(findHaproxy('/nonexistent/haproxy', '/usr/sbin')).rejects.toMatchObject({
    code: 'HAPROXY_MISSING',
    message: '"/nonexistent/haproxy" is not an executable file',
    remedy: 'apt-get install haproxy, or name the program with --haproxy-bin',
  });
});

test('a folder, or a file that cannot be run, is no program', async () => {
  const folder = temporaryFolder();
  await expect(findHaproxy(folder, '')).rejects.toMatchObject({ code: 'HAPROXY_MISSING' });
});

test('the program reports its version', async () => {
  expect(await haproxyVersion(haproxyProgram)).toEqual(installedVersion);
});

test('a program that is older than 2.6, or is not HAProxy, is refused', async () => {
  await expect(haproxyVersion(await script('old', 'HA-Proxy version 2.5.14 2023'))).rejects.toMatchObject({
    code: 'HAPROXY_TOO_OLD',
  });
  await expect(haproxyVersion(await script('other', 'nginx 1.22'))).rejects.toMatchObject({
    code: 'HAPROXY_MISSING',
  });
  await expect(haproxyVersion('/nonexistent')).rejects.toMatchObject({ code: 'HAPROXY_MISSING' });
});

test.each([
  [
    '2.6.12',
    { addServerCookie: false, reloadReply: false, initState: false, masterUnreachableInReload: true },
  ],
  ['2.8.0', { addServerCookie: false, reloadReply: true, waitSrvRemovable: false }],
  [
    '3.0.11',
    { addServerCookie: true, waitSrvRemovable: true, initState: false, masterUnreachableInReload: true },
  ],
  ['3.1.0', { initState: true, addBackend: false, masterUnreachableInReload: false }],
  ['3.4.0', { addBackend: true, promptPerLine: true, maxReloadsDefault: true }],
  ['4.0.0', { addServerCookie: true, addBackend: true }],
])('the capabilities of %s are known', (text, expected) => {
  expect(capabilitiesOf(parseVersion(text)!)).toMatchObject({ version: text, ...expected });
});
