/** The stored mirror on disk: read at the start, set aside if it cannot be used, replaced by one rename. */
import { link, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { messageOf } from '../../errors.ts';
import { codeOf } from '../../haproxy/files/durable.ts';
import { MirrorWriter, parseMirror, type MirrorOrigin } from './mirror-format.ts';
import { replaceFile } from './state-file.ts';

/** A mirror from the disk. `endpoints` and `called`: see `MirrorHead`. */
export interface ReadMirror extends MirrorOrigin {
  readonly kind: 'read';
  readonly apps: ReadonlyMap<AppId, App>;
  /** Milliseconds since the epoch. */
  readonly savedAt: number;
  /** When Marathon last confirmed it, in milliseconds since the epoch, as far as that was recorded. */
  readonly confirmedAt: number;
}

/** The result of reading a stored mirror. */
export type StoredMirror =
  | { readonly kind: 'none' }
  | ReadMirror
  | { readonly kind: 'unusable'; readonly reason: string; readonly movedTo: string };

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** How many apps are written in one piece of work, which takes some milliseconds. */
const pieceSize = 50;
const maxBytes = 1024 * 1024 * 1024;

/** The file of the cluster with this name, if there are several. */
export const mirrorFile = (stateDir: string, cluster?: string): string =>
  join(stateDir, cluster === undefined ? 'mirror.ndjson.gz' : `mirror-${cluster}.ndjson.gz`);

/** The file before it, in case the file is damaged. */
export const previousOf = (file: string): string => `${file}.previous`;

/** Never rejects: whatever is wrong with the file, Pacer starts without it. */
export async function readMirror(file: string): Promise<StoredMirror> {
  try {
    const packed = await readFile(file);
    const text = (await unzip(packed, { maxOutputLength: maxBytes })).toString();
    const { savedAt, apps, origin } = parseMirror(text);
    const { mtimeMs } = await stat(file);
    return { kind: 'read', apps, savedAt: savedAt.getTime(), confirmedAt: Math.floor(mtimeMs), ...origin };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'none' };
    // Always the same name, so that the disk does not fill.
    const movedTo = `${file}.unusable`;
    await rename(file, movedTo).catch(() => undefined);
    return { kind: 'unusable', reason: messageOf(error), movedTo };
  }
}

/**
 * Replaces the file. The work is done in small pieces, so that events are handled in between. The file's modification
 * time is when Marathon last confirmed its content.
 * @throws Error of the file system
 */
export async function writeMirror(
  file: string,
  apps: ReadonlyMap<AppId, App>,
  savedAt: number,
  confirmedAt: number,
  origin: MirrorOrigin = {},
): Promise<void> {
  await replaceFile(file, async (handle) => {
    const writer = new MirrorWriter();
    const put = async (text: string) => handle.write(await zip(text, { level: 1 }));
    let piece: App[] = [];
    await put(writer.head(new Date(savedAt), origin));
    for (const app of apps.values()) {
      piece.push(app);
      if (piece.length < pieceSize) continue;
      await put(writer.apps(piece));
      piece = [];
      await setImmediate();
    }
    await put(writer.apps(piece) + writer.foot());
    await handle.utimes(confirmedAt / 1000, confirmedAt / 1000);
    await keepPrevious(file);
  });
}

/**
 * Keeps the present file under a second name, so that there is always one. If it does not exist or cannot be linked,
 * nothing is lost.
 */
async function keepPrevious(file: string): Promise<void> {
  await rm(previousOf(file), { force: true }).catch(() => undefined);
  await link(file, previousOf(file)).catch(() => undefined);
}

/** Records that Marathon has confirmed the content of the file. */
export async function noteConfirmed(file: string, confirmedAt: number): Promise<void> {
  await utimes(file, confirmedAt / 1000, confirmedAt / 1000);
}
