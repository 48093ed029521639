/**
 * Revisions on disk. Each is a directory that is complete and synced before it gets its name, and is made current by
 * one rename. Knows nothing of the content of its files.
 */
import { mkdir, readdir, readFile, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, PacerError } from '../../errors.ts';
import { stateDirErrors, syncFolder, writeSynced } from './durable.ts';

/** A revision to write. */
export interface Revision {
  readonly number: number;
  readonly hash: string;
  /** Path relative to the revision's directory → content. HAProxy reads `haproxy.cfg`. */
  readonly files: ReadonlyMap<string, Buffer | string>;
}

/** A revision on disk. */
export interface PublishedRevision {
  readonly number: number;
  /** The first eight characters of the hash. */
  readonly hash8: string;
  /** Absolute path. */
  readonly directory: string;
}

/** The path HAProxy is started with: `<state>/current/haproxy.cfg`. The same for all revisions. */
export function activeConfigFile(stateDir: string): string {
  return path.join(stateDir, 'current', 'haproxy.cfg');
}

/**
 * Writes `<state>/revisions/<number>-<hash8>/`. A crash leaves at most a directory with a temporary name. If an equal
 * revision exists already, it is replaced, unless it is the active one, which is used as it is.
 * @throws PacerError STATE_DIR_UNWRITABLE
 */
export async function publishRevision(stateDir: string, revision: Revision): Promise<PublishedRevision> {
  const name = `${revision.number}-${revision.hash.slice(0, 8)}`;
  const published = {
    number: revision.number,
    hash8: revision.hash.slice(0, 8),
    directory: path.join(stateDir, 'revisions', name),
  };
  return stateDirErrors(stateDir, async () => {
    if ((await activeRevision(stateDir))?.directory === published.directory) return published;
    const temporary = path.join(stateDir, 'revisions', `.new-${name}-${process.pid}`);
    await rm(temporary, { recursive: true, force: true });
    try {
      await writeFiles(temporary, revision.files);
    } catch (error) {
      // What was written before the disk was full must not fill it further: the next attempt has another name.
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    await rm(published.directory, { recursive: true, force: true });
    await rename(temporary, published.directory);
    await syncFolder(path.dirname(published.directory));
    return published;
  });
}

/**
 * Makes `<state>/current` point to a revision, in one step: a process that opens `current/haproxy.cfg` sees either the
 * old revision or the new one.
 * @throws PacerError STATE_DIR_UNWRITABLE
 */
export async function activate(stateDir: string, revisionDir: string): Promise<void> {
  await stateDirErrors(stateDir, async () => {
    const temporary = path.join(stateDir, `.current-${process.pid}`);
    await rm(temporary, { force: true });
    // Relative, so that the directory can have another path in HAProxy's container.
    await symlink(path.relative(stateDir, path.resolve(stateDir, revisionDir)), temporary);
    await rename(temporary, path.join(stateDir, 'current'));
    await syncFolder(stateDir);
  });
}

/**
 * Keeps a copy of the configuration for a HAProxy that is started with another path than `activeConfigFile`. The files
 * that it names stay in the state directory.
 * @throws PacerError FILE_UNREADABLE
 */
export async function copyConfiguration(stateDir: string, to: string): Promise<void> {
  const own = activeConfigFile(stateDir);
  if ((await realpath(to).catch(() => '')) === (await realpath(own))) return;
  const text = await readFile(own, 'utf8');
  const origin = path.join(stateDir, 'current').replace(/[\\\s"'#$]/g, '\\$&');
  const temporary = `${to}.${process.pid}.new`;
  try {
    await writeSynced(
      temporary,
      text.replace(/^( *)default-path config$/m, `$1default-path origin ${origin}`),
    );
    await rename(temporary, to);
    await syncFolder(path.dirname(to));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new PacerError(
      'FILE_UNREADABLE',
      `--haproxy-config ${to} cannot be written: ${messageOf(error)}`,
      'name a file in a directory that Pacer may write to, or start HAProxy with current/haproxy.cfg of the state directory',
    );
  }
}

/** The revision `<state>/current` points to; undefined if there is none. */
export async function activeRevision(stateDir: string): Promise<PublishedRevision | undefined> {
  try {
    return revisionOf(stateDir, path.basename(await readlink(path.join(stateDir, 'current'))));
  } catch {
    return undefined;
  }
}

/** All complete revisions, newest first. */
export async function listRevisions(stateDir: string): Promise<PublishedRevision[]> {
  const names = await readdir(path.join(stateDir, 'revisions')).catch(() => []);
  return names
    .flatMap((name) => revisionOf(stateDir, name) ?? [])
    .sort((a, b) => b.number - a.number || (a.hash8 < b.hash8 ? 1 : -1));
}

/**
 * Removes all but the newest `keep` revisions, and what crashes left; the active one always stays.
 * @returns how many revisions were removed
 * @throws PacerError STATE_DIR_UNWRITABLE
 */
export async function prune(stateDir: string, keep: number): Promise<number> {
  const active = await activeRevision(stateDir);
  const old = (await listRevisions(stateDir)).slice(keep).filter((it) => it.directory !== active?.directory);
  const leftovers = (await readdir(path.join(stateDir, 'revisions')).catch(() => []))
    .filter((name) => name.startsWith('.new-') && !name.endsWith(`-${process.pid}`))
    .map((name) => path.join(stateDir, 'revisions', name));
  await stateDirErrors(stateDir, async () => {
    for (const folder of [...old.map((it) => it.directory), ...leftovers]) {
      await rm(folder, { recursive: true, force: true });
    }
  });
  return old.length;
}

function revisionOf(stateDir: string, name: string): PublishedRevision | undefined {
  const match = /^(\d+)-([^/]+)$/.exec(name);
  if (match?.[2] === undefined) return undefined;
  return { number: Number(match[1]), hash8: match[2], directory: path.join(stateDir, 'revisions', name) };
}

async function writeFiles(folder: string, files: Revision['files']): Promise<void> {
  const folders = new Set([folder]);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  for (const [relative, content] of files) {
    const file = path.join(folder, relative);
    if (!file.startsWith(folder + path.sep))
      throw new TypeError(`"${relative}" leaves the revision's directory`);
    for (let at = path.dirname(file); at !== folder; at = path.dirname(at)) folders.add(at);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
    await writeSynced(file, content);
  }
  for (const each of folders) await syncFolder(each);
}
