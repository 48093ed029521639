/** Asks HAProxy about files that are not to be kept. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkConfiguration, type CheckResult } from './check.ts';

export interface Trial {
  readonly program: string;
  /** Absolute; made for this, and gone afterwards. */
  readonly folder: string;
  /** Relative name → content. */
  readonly files: ReadonlyMap<string, string | Buffer>;
  /** Which of them HAProxy is to be asked about. */
  readonly configuration: string;
}

/** @throws PacerError as `checkConfiguration` does */
export async function tryConfiguration({
  program,
  folder,
  files,
  configuration,
}: Trial): Promise<CheckResult> {
  try {
    for (const [name, content] of files) {
      const file = path.join(folder, name);
      await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
      await writeFile(file, content, { mode: 0o640 });
    }
    return await checkConfiguration({ program, file: path.join(folder, configuration) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
