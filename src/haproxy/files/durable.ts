/** Writes files so that they survive a power failure, and explains why something could not be written. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { PacerError } from '../../errors.ts';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
/** Never through a link, so that nobody can make Pacer write somewhere else. */
const newFile = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;

/** Writes a new file and waits until it is on disk. @param mode 0640 by default */
export async function writeSynced(file: string, content: Buffer | string, mode = 0o640): Promise<void> {
  const handle = await open(file, newFile, mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Waits until the names in a directory are on disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const unwritable = new Map([
  ['EACCES', 'give the user that runs Pacer the right to write there, or choose another with --state-dir'],
  ['EPERM', 'give the user that runs Pacer the right to write there, or choose another with --state-dir'],
  ['EROFS', 'mount it writable, or choose another with --state-dir'],
  ['ENOSPC', 'free space on that file system, or choose another with --state-dir'],
  ['EDQUOT', 'free space within the quota, or choose another with --state-dir'],
  ['ENOTDIR', 'a part of the path is a file; choose another with --state-dir'],
  ['EEXIST', 'a file stands where a directory must be; move it away, or choose another with --state-dir'],
  ['ELOOP', 'a link stands where Pacer writes a file; remove it, or choose another with --state-dir'],
  ['ENOENT', 'create it, or choose another with --state-dir'],
]);

/** Runs `work`, and turns errors of the file system into PacerError STATE_DIR_UNWRITABLE. */
export async function stateDirErrors<T>(stateDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const remedy = unwritable.get(codeOf(error) ?? '');
    if (remedy === undefined) throw error;
    throw new PacerError(
      'STATE_DIR_UNWRITABLE',
      `the state directory ${stateDir} cannot be written`,
      remedy,
      { cause: error },
    );
  }
}

/** The `code` of a system error, for example `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
