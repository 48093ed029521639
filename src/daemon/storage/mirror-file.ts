/** The stored mirror on the disk: read at start, set aside where it is of no use, replaced by one rename. */
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
  /** When Marathon last confirmed it, as far as that was noted. */
  readonly confirmedAt: number;
}

export type StoredMirror =
  | { readonly kind: 'none' }
  | ReadMirror
  | { readonly kind: 'unusable'; readonly reason: string; readonly movedTo: string };

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** Apps in one piece: some milliseconds of work. */
const pieceSize = 50;
const maxBytes = 1024 * 1024 * 1024;

/** Of the cluster with this name, where there are several. */
export const mirrorFile = (stateDir: string, cluster?: string): string =>
  join(stateDir, cluster === undefined ? 'mirror.ndjson.gz' : `mirror-${cluster}.ndjson.gz`);

/** The one before it, for when it is damaged. */
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
    // One name: however often it happens, the disk does not fill.
    const movedTo = `${file}.unusable`;
    await rename(file, movedTo).catch(() => undefined);
    return { kind: 'unusable', reason: messageOf(error), movedTo };
  }
}

/**
 * Replaces the file. The work is done in small pieces; events are handled in between. The time of the file
 * is when Marathon last confirmed what is in it.
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

/** Under a second name: at no time is there none. What is not there yet, or cannot be linked, is no loss. */
async function keepPrevious(file: string): Promise<void> {
  await rm(previousOf(file), { force: true }).catch(() => undefined);
  await link(file, previousOf(file)).catch(() => undefined);
}

/** Marathon has confirmed what the file holds. */
export async function noteConfirmed(file: string, confirmedAt: number): Promise<void> {
  await utimes(file, confirmedAt / 1000, confirmedAt / 1000);
}
