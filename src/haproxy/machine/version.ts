/** Finds the HAProxy program and reads its version. Knows nothing of configurations or running processes. */
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { PacerError } from '../../errors.ts';

/** A version, parsed. */
export interface HaproxyVersion {
  /** Without distribution suffix, for example `2.6.12`. */
  readonly version: string;
  readonly major: number;
  readonly minor: number;
}

/** Debian and Red Hat put HAProxy in sbin, which is not in every user's PATH. */
const alsoSearched = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];

/**
 * The absolute path of the HAProxy program.
 * @param given a path or the name of a program; undefined means `haproxy`
 * @param searchPath the value of PATH
 * @throws PacerError HAPROXY_MISSING
 */
export async function findHaproxy(given: string | undefined, searchPath: string): Promise<string> {
  const name = given ?? 'haproxy';
  const candidates = name.includes('/')
    ? [path.resolve(name)]
    : [...searchPath.split(':').filter((folder) => folder !== ''), ...alsoSearched].map((folder) =>
        path.resolve(folder, name),
      );
  for (const candidate of candidates) if (await isProgram(candidate)) return candidate;
  throw new PacerError(
    'HAPROXY_MISSING',
    given === undefined ? 'no haproxy program on PATH' : `"${given}" is not an executable file`,
    'apt-get install haproxy, or name the program with --haproxy-bin',
  );
}

/**
 * Asks the program for its version.
 * @throws PacerError HAPROXY_MISSING if it does not answer like HAProxy, HAPROXY_TOO_OLD below 2.6
 */
export async function haproxyVersion(program: string): Promise<HaproxyVersion> {
  const result = await execa(program, ['-v'], { reject: false, timeout: 10_000, stdin: 'ignore' });
  const version = parseVersion(result.stdout);
  if (version === undefined) {
    throw new PacerError(
      'HAPROXY_MISSING',
      `"${program} -v" does not answer with a HAProxy version`,
      'name the HAProxy program with --haproxy-bin',
      { cause: result instanceof Error ? result : undefined },
    );
  }
  if (version.major < 2 || (version.major === 2 && version.minor < 6)) {
    throw new PacerError(
      'HAPROXY_TOO_OLD',
      `${program} is HAProxy ${version.version}`,
      'install HAProxy 2.6 or newer, or name a newer program with --haproxy-bin',
    );
  }
  return version;
}

/**
 * The version in a text such as `HAProxy version 2.6.12-1+deb12u4 2026/10/17`, `HA-Proxy version 1.8.30` or just
 * `3.0.11-1`.
 */
export function parseVersion(text: string): HaproxyVersion | undefined {
  const match = /(?:^|version )(\d+)\.(\d+)((?:\.\d+)?)/.exec(text);
  if (match === null) return undefined;
  const [, major = '', minor = '', patch = ''] = match;
  return { version: `${major}.${minor}${patch}`, major: Number(major), minor: Number(minor) };
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
