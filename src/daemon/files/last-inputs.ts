/**
 * The last good text of inputs that are read at the start, so that Pacer starts even if one of them is broken or
 * missing.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { readStateFile, writeStateFile } from '../storage/state-file.ts';

/** The last good texts in the state directory. */
export interface LastInputs {
  /** @param source where it was read: another path is another input */
  readonly recall: (what: string, source: string) => Promise<string | undefined>;
  /** Never rejects. */
  readonly keep: (what: string, source: string, text: string) => Promise<void>;
}

/** @param warn receives a message if a copy cannot be saved */
export function lastInputs(stateDir: string, warn: (message: string) => void): LastInputs {
  const fileOf = (what: string, source: string): string => {
    const digest = createHash('sha256').update(source).digest('hex').slice(0, 12);
    return join(stateDir, 'inputs', `${what}-${digest}`);
  };
  const kept = new Map<string, string>();
  return {
    recall: async (what, source) => {
      const content = await readStateFile(fileOf(what, source)).catch(() => undefined);
      return content?.kind === 'text' ? content.text : undefined;
    },
    keep: async (what, source, text) => {
      const file = fileOf(what, source);
      if (kept.get(file) === text) return;
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await writeStateFile(file, text);
        kept.set(file, text);
      } catch (error) {
        warn(`the last good copy of ${what} cannot be saved: ${messageOf(error)}`);
      }
    },
  };
}
