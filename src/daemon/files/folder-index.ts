/** Which files the folders of `--ssl-certs` held, so that a folder that is gone at a restart still has its copies. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { readStateFile, writeStateFile } from '../storage/state-file.ts';

export interface FolderIndex {
  readonly recall: (folder: string) => readonly string[] | undefined;
  /** Never rejects. */
  readonly keep: (folder: string, files: readonly string[]) => Promise<void>;
}

const format = z.record(z.string(), z.array(z.string()));

export async function openFolderIndex(
  stateDir: string,
  warn: (message: string) => void,
): Promise<FolderIndex> {
  const file = join(stateDir, 'certificates', 'folders.json');
  let folders: Record<string, readonly string[]> = {};
  try {
    const content = await readStateFile(file);
    if (content.kind === 'text') folders = format.parse(JSON.parse(content.text));
    if (content.kind === 'damaged') warn(`${content.movedTo}: ${content.why}; the folders are read anew`);
  } catch (error) {
    warn(`${file}: ${messageOf(error)}; the folders are read anew`);
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
