/**
 * What one part of the daemon must still know after a restart: read at the start, written in the background after each
 * change.
 */
import { messageOf } from '../../errors.ts';
import { coalesce } from './coalesce.ts';
import { readStateFile, setAside, writeStateFile } from './state-file.ts';

/** What is saved, and where. */
export interface SavedOptions {
  readonly file: string;
  /** What is lost when the file cannot be used: `HAProxy's verdicts`. */
  readonly what: string;
  /** The text to write. Called at the time of writing. */
  readonly text: () => string;
  readonly warn: (message: string) => void;
}

/** A part that is saved. */
export interface Saved {
  /** Requests that the file is written soon. Returns at once. */
  readonly changed: () => void;
  /** Writes what has changed since. */
  readonly close: () => Promise<void>;
}

/** Milliseconds to wait for more changes. */
const quietMs = 50;

/** @param read takes the saved text; if it throws, the file is set aside */
export async function saved(
  { file, what, text, warn }: SavedOptions,
  read: (text: string) => void,
): Promise<Saved> {
  await load(file, what, warn, read);
  let dirty = false;
  let complained = false;
  const write = async () => {
    if (!dirty) return;
    dirty = false;
    try {
      await writeStateFile(file, text());
      complained = false;
    } catch (error) {
      dirty = true;
      if (!complained) warn(`${what} cannot be saved: ${messageOf(error)}`);
      complained = true;
    }
  };
  const writer = coalesce(write, quietMs);
  return {
    changed: () => {
      dirty = true;
      writer.request();
    },
    close: async () => {
      await writer.close();
      await write();
    },
  };
}

async function load(file: string, what: string, warn: SavedOptions['warn'], read: (text: string) => void) {
  const lost = (where: string, why: string) =>
    warn(`${where}: ${why}; ${what} are lost, and Pacer learns them again`);
  try {
    const content = await readStateFile(file);
    if (content.kind === 'none') return;
    if (content.kind === 'damaged') {
      lost(content.movedTo, content.why);
      return;
    }
    try {
      read(content.text);
    } catch (error) {
      lost(await setAside(file), messageOf(error));
    }
  } catch (error) {
    lost(file, messageOf(error));
  }
}
