/**
 * Checks that no other user could place a link where Pacer writes. If the folders and everything in them belong to
 * Pacer (or root), and nobody else may write there, no write of Pacer ends where another user wants it.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { PacerError } from '../../errors.ts';
import { codeOf } from './durable.ts';

/** @throws PacerError STATE_DIR_UNSAFE if a part of the path to `folder` is a link made by another user */
export async function checkLinks(folder: string): Promise<void> {
  for (let at = folder; at !== path.dirname(at); at = path.dirname(at)) {
    const found = await statOf(lstat, at);
    if (found?.isSymbolicLink() === true && !isTrusted(found.uid))
      throw unsafe(`${at} is a link that ${nameOf(found.uid)} made`, `remove it: rm ${at}`);
  }
}

/**
 * @param shared names in it that may belong to another user
 * @throws PacerError STATE_DIR_UNSAFE if another user can change the folder or something in it
 */
export async function checkFolder(folder: string, shared: readonly string[] = []): Promise<void> {
  const own = process.getuid?.() ?? 0;
  const found = await statOf(stat, folder);
  if (found === undefined) return;
  if (!isTrusted(found.uid))
    throw unsafe(
      `${folder} belongs to ${nameOf(found.uid)}`,
      `if only Pacer uses it, chown -R ${own} ${folder}; otherwise choose another with --state-dir`,
    );
  if ((found.mode & 0o022) !== 0)
    throw unsafe(
      `other users may write to ${folder} (mode ${(found.mode & 0o7777).toString(8)})`,
      `chmod go-w ${folder}`,
    );
  for (const name of await readdir(folder)) {
    if (shared.includes(name)) continue;
    const entry = path.join(folder, name);
    const laid = await statOf(lstat, entry);
    // HAProxy's worker has sockets of its own there. Pacer writes nothing through a socket.
    if (laid !== undefined && !laid.isSocket() && !isTrusted(laid.uid))
      throw unsafe(`${entry} belongs to ${nameOf(laid.uid)}`, `remove it: rm -r ${entry}`);
  }
}

/** Root can do anything anyway. */
const isTrusted = (uid: number): boolean => uid === 0 || uid === process.getuid?.();

const nameOf = (uid: number): string => `another user (uid ${uid})`;

async function statOf(ask: (file: string) => Promise<Stats>, file: string): Promise<Stats | undefined> {
  return ask(file).catch((error: unknown) => {
    // A path that does not exist, or was just removed, belongs to nobody.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  });
}

const unsafe = (what: string, remedy: string): PacerError =>
  new PacerError(
    'STATE_DIR_UNSAFE',
    `${what}: what Pacer writes there could end up in any file of this machine`,
    remedy,
  );
