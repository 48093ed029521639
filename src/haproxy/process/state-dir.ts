/** The state directory: created, tested for writing, and used by one daemon at a time. */
import { link, mkdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacerError } from '../../errors.ts';
import { codeOf, stateDirErrors, writeSynced } from '../files/durable.ts';
import { isAlive, startTime } from './proc-fs.ts';
import { checkFolder, checkLinks } from '../files/safe-folders.ts';

/** A state directory that is in use by this process. */
export interface StateDir {
  /** Absolute. */
  readonly path: string;
  /** Releases it for another daemon. */
  release(): Promise<void>;
}

/**
 * Creates the directory (0750) if it is missing, and takes the lock `<dir>/pacer.pid`. The lock contains the pid of its
 * owner and the time it started, so that a lock left by `kill -9` can be told from a live one, even if the pid was
 * reused. A daemon in another container's pid namespace is not seen.
 * @param sharesRun whether a HAProxy of another user may keep its sockets in `run`, so that it does not belong to Pacer
 * alone
 * @throws PacerError STATE_DIR_UNSAFE, STATE_DIR_UNWRITABLE, STATE_DIR_IN_USE
 */
export async function openStateDir(directory: string, sharesRun = false): Promise<StateDir> {
  const absolute = path.resolve(directory);
  const lock = path.join(absolute, 'pacer.pid');
  const mine = `${process.pid} ${(await startTime(process.pid)) ?? ''}\n`;
  await checkLinks(absolute);
  await stateDirErrors(absolute, async () => {
    await mkdir(absolute, { recursive: true, mode: 0o750 });
    await checkFolder(absolute, sharesRun ? ['run'] : []);
    await mkdir(path.join(absolute, 'revisions'), { recursive: true, mode: 0o750 });
    for (const name of ['revisions', 'certificates', ...(sharesRun ? [] : ['run'])])
      await checkFolder(path.join(absolute, name));
    await takeLock(lock, mine, absolute);
  });
  return {
    path: absolute,
    release: async () => {
      if ((await readFile(lock, 'utf8').catch(() => '')) === mine) await rm(lock, { force: true });
    },
  };
}

async function takeLock(lock: string, mine: string, directory: string): Promise<void> {
  const own = `${lock}.${process.pid}`;
  await writeSynced(own, mine, 0o640);
  try {
    for (;;) {
      // link(2) either creates the name with its content or fails: no reader sees a half-written lock.
      const taken = await link(own, lock).catch((error: unknown) => {
        if (codeOf(error) === 'EEXIST') return 'held';
        throw error;
      });
      if (taken === undefined) return;
      const holder = await readFile(lock, 'utf8').catch(() => '');
      if (await holds(holder)) throw inUse(directory, holder);
      await removeStale(lock, holder, own);
    }
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * Removes the stale lock. One daemon at a time, and only while the lock is still what was read: nobody can take the
 * lock before it is gone, so a live lock is never removed.
 */
async function removeStale(lock: string, stale: string, own: string): Promise<void> {
  const cleaning = `${lock}.cleaning`;
  const busy = await link(own, cleaning).catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST') return 'busy';
    throw error;
  });
  if (busy !== undefined) {
    // Left by a daemon that was killed in between: this work takes microseconds.
    const age = await stat(cleaning).then(
      ({ ctimeMs }) => Date.now() - ctimeMs,
      () => 0,
    );
    if (age > 5_000) await rm(cleaning, { force: true });
    await sleep(5);
    return;
  }
  try {
    if ((await readFile(lock, 'utf8').catch(() => undefined)) === stale) await rm(lock, { force: true });
  } finally {
    await rm(cleaning, { force: true });
  }
}

async function holds(content: string): Promise<boolean> {
  const [pid, started = ''] = content.trim().split(' ');
  if (pid === undefined || !/^\d+$/.test(pid)) return false;
  return (await isAlive(Number(pid))) && (await startTime(Number(pid))) === started;
}

function inUse(directory: string, holder: string): PacerError {
  return new PacerError(
    'STATE_DIR_IN_USE',
    `the state directory ${directory} is in use by the Pacer with pid ${holder.split(' ')[0] ?? ''}`,
    'stop that one first, or give this one another --state-dir',
  );
}
