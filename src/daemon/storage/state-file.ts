/**
 * Small files of Pacer's own in the state directory: written whole or not at all, readable by their owner only,
 * with a checksum. One that is damaged is set aside, so that it can be looked at and is met only once.
 */
import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { codeOf, stateDirErrors, syncFolder } from '../../haproxy/files/durable.ts';

export type StateFileContent =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'damaged'; readonly movedTo: string; readonly why: string };

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** @throws what the file system says, but for a file that is not there */
export async function readStateFile(file: string): Promise<StateFileContent> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'none' };
    throw error;
  }
  const end = content.indexOf('\n');
  const [, digest] = /^sha256 ([0-9a-f]{64})$/.exec(content.slice(0, Math.max(0, end))) ?? [];
  const text = content.slice(end + 1);
  if (digest === digestOf(text)) return { kind: 'text', text };
  return {
    kind: 'damaged',
    movedTo: await setAside(file),
    why: digest === undefined ? 'it does not begin with a checksum' : 'its checksum does not fit',
  };
}

/** Moves a file away that cannot be used. @returns where it is now */
export async function setAside(file: string): Promise<string> {
  const movedTo = `${file}.unusable`;
  await rename(file, movedTo);
  return movedTo;
}

/** @throws PacerError STATE_DIR_UNWRITABLE */
export async function writeStateFile(file: string, text: string): Promise<void> {
  await stateDirErrors(dirname(file), () =>
    replaceFile(file, (handle) => handle.writeFile(`sha256 ${digestOf(text)}\n${text}`)),
  );
}

/**
 * Every file of Pacer's own gets its content here: whole or not at all, by a new one that its owner alone can
 * read, and that is on the disk before it takes the name.
 * @throws what the file system or `write` says
 */
export async function replaceFile(
  file: string,
  write: (handle: FileHandle) => Promise<unknown>,
): Promise<void> {
  const temporary = `${file}.new`;
  // One that a crash left, or a link that somebody laid.
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await write(handle);
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(dirname(file));
}

/**
 * A file of JSON, by its schema. One that cannot be used is set aside, and `warn` is told so.
 * @param what is lost with it: `the addresses of agents`
 * @returns undefined where there is none, or none that can be used. Never rejects.
 */
export async function readState<T>(
  file: string,
  what: string,
  schema: z.ZodType<T>,
  warn: (message: string) => void,
): Promise<T | undefined> {
  const lost = (where: string, why: string) => warn(`${where}: ${why}; Pacer starts without ${what}`);
  try {
    const content = await readStateFile(file);
    if (content.kind === 'none') return undefined;
    if (content.kind === 'damaged') {
      lost(content.movedTo, content.why);
      return undefined;
    }
    try {
      return schema.parse(JSON.parse(content.text));
    } catch (error) {
      lost(await setAside(file), `its content is not what it should be (${messageOf(error)})`);
    }
  } catch (error) {
    lost(file, messageOf(error));
  }
  return undefined;
}
