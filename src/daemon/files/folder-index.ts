/**
 * Remembers which files the folders of `--ssl-certs` contained, so that Pacer finds their copies if a folder is missing
 * after a restart.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { readStateFile, writeStateFile } from '../storage/state-file.ts';

/** Folder → the files it contained. */
export interface FolderIndex {
  readonly recall: (folder: string) => readonly string[] | undefined;
  /** Never rejects. */
  readonly keep: (folder: string, files: readonly string[]) => Promise<void>;
}

const format = z.record(z.string(), z.array(z.string()));

/** Opens the index in the state directory. @param warn receives problems with the index file */
export async function openFolderIndex(
  stateDir: string,
  warn: (message: string) => void,
): Promise<FolderIndex> {
  const file = join(stateDir, 'certificates', 'folders.json');
  let folders: Record<string, readonly string[]> = {};
  try {
    const content = await readStateFile(file);
    if (content.kind === 'text') folders = format.parse(JSON.parse(content.text));
    if (content.kind === 'damaged') warn(`${content.movedTo}: ${content.why}; Pacer reads the folders again`);
  } catch (error) {
    warn(`${file}: ${messageOf(error)}; Pacer reads the folders again`);
  }
  return {
    recall: (folder) => (Object.hasOwn(folders, folder) ? folders[folder] : undefined),
    keep: async (folder, files) => {
      if (files.length === 0 || folders[folder]?.join('\0') === files.join('\0')) return;
      folders = { ...folders, [folder]: files };
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await writeStateFile(file, `${JSON.stringify(folders)}\n`);
      } catch (error) {
        warn(`${file} cannot be saved: ${messageOf(error)}`);
      }
    },
  };
}
