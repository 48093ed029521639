/**
 * Copies of the files that HAProxy reads for TLS. The configuration names only the copies. Only Pacer writes them: each
 * one completely or not at all, and only if its content is good. So a file that is broken or deleted outside neither
 * blocks a reload nor reaches HAProxy, and a certificate in use can be replaced under the same name while HAProxy runs.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { codeOf, stateDirErrors, syncFolder, writeSynced } from '../../haproxy/files/durable.ts';
import type { FileKind } from './judge.ts';
import { stampOf } from './look.ts';

/** The copies in the state directory. */
export interface Copies {
  /** Reads the copy; undefined if there is none. */
  readonly recall: (kind: FileKind, path: string) => Promise<Buffer | undefined>;
  /** A stamp that changes when the copy changes, without reading it; undefined if there is none. */
  readonly stamp: (kind: FileKind, path: string) => Promise<string | undefined>;
  /** Replaces the copy in one step. @throws PacerError STATE_DIR_UNWRITABLE */
  readonly keep: (kind: FileKind, path: string, content: Buffer | string) => Promise<void>;
  /** Removes copies that have not been named for a day, because they contain keys. @param named paths of copies */
  readonly clean: (named: ReadonlySet<string>) => Promise<void>;
}

const dayMs = 24 * 3600 * 1000;

/** The folder of the copies in the state directory. */
export const copiesFolder = (stateDir: string): string => join(stateDir, 'certificates', 'copies');

/** Where the copy of a file is, whether it exists or not. The same path as long as the state directory exists. */
export function copyPath(stateDir: string, kind: FileKind, path: string): string {
  const digest = createHash('sha256').update(`${kind}\0${path}`).digest('hex').slice(0, 12);
  // Only characters that HAProxy's configuration and commands accept without quotes.
  const name = basename(path)
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .slice(-80);
  return join(copiesFolder(stateDir), `${digest}-${name}`);
}

/** @param now milliseconds since the epoch */
export function openCopies(stateDir: string, now: () => number = Date.now): Copies {
  const folder = copiesFolder(stateDir);
  const unnamedSince = new Map<string, number>();
  return {
    recall: async (kind, path) => {
      try {
        return await readFile(copyPath(stateDir, kind, path));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    stamp: async (kind, path) => {
      const info = await stat(copyPath(stateDir, kind, path)).catch(() => undefined);
      return info && stampOf(info);
    },
    keep: (kind, path, content) =>
      stateDirErrors(stateDir, async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        // A umask or a person may have opened it to others.
        await chmod(folder, 0o700);
        const file = copyPath(stateDir, kind, path);
        const temporary = `${file}.${process.pid}.new`;
        try {
          await rm(temporary, { force: true });
          await writeSynced(temporary, content, 0o600);
          await rename(temporary, file);
        } catch (error) {
          await rm(temporary, { force: true }).catch(() => undefined);
          throw error;
        }
        await syncFolder(folder);
      }),
    clean: async (named) => {
      const files = (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
      const unnamed = new Set(files.filter((file) => !named.has(file)));
      for (const file of unnamedSince.keys()) if (!unnamed.has(file)) unnamedSince.delete(file);
      for (const file of unnamed) {
        const since = unnamedSince.get(file) ?? now();
        unnamedSince.set(file, since);
        if (now() - since >= dayMs) await rm(file, { force: true }).catch(() => undefined);
      }
    },
  };
}
