/**
 * Small files of Pacer's own in the state directory: written completely or not at all, readable only by their owner,
 * with a checksum. A damaged file is set aside, so that somebody can examine it and Pacer meets it only once.
 */
import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { codeOf, stateDirErrors, syncFolder } from '../../haproxy/files/durable.ts';

/** The content of a state file, or why it cannot be used. */
export type StateFileContent =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'damaged'; readonly movedTo: string; readonly why: string };

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** @throws Error of the file system, unless the file does not exist */
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
    why: digest === undefined ? 'it does not begin with a checksum' : 'its checksum does not match',
  };
}

/** Moves a file away that cannot be used. @returns its new path */
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
 * Every file of Pacer's own gets its content here, completely or not at all: a new file that only its owner can read is
 * synced to disk before it takes the name.
 * @throws Error of the file system, or whatever `write` throws
 */
export async function replaceFile(
  file: string,
  write: (handle: FileHandle) => Promise<unknown>,
): Promise<void> {
  const temporary = `${file}.new`;
  // A file left by a crash, or a link that somebody placed there.
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
 * Reads a file of JSON with its schema. A file that cannot be used is set aside, and `warn` receives a message.
 * @param what what is lost with it: `the addresses of agents`
 * @returns undefined if there is none, or none that can be used. Never rejects.
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
      lost(await setAside(file), `its content is not valid (${messageOf(error)})`);
    }
  } catch (error) {
    lost(file, messageOf(error));
  }
  return undefined;
}
