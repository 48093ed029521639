/** What the daemon knows again after a restart: the last good version of each service, and what HAProxy refuses. */
import { join } from 'node:path';
import type { ModelContext } from '../core/app-services.ts';
import { openLastGood, type LastGood } from './last-good.ts';
import { openVerdicts, type Verdicts } from './rejected/verdicts.ts';

export interface Memory {
  readonly verdicts: Verdicts;
  readonly lastGood: LastGood;
  readonly context: ModelContext;
  /** Saves what has changed since. */
  readonly close: () => Promise<void>;
}

export async function openMemory(
  stateDir: string,
  base: ModelContext,
  haproxyVersion: string,
  warn: (message: string) => void,
): Promise<Memory> {
  const verdicts = await openVerdicts({ file: join(stateDir, 'verdicts.json'), haproxyVersion, warn });
  const lastGood = await openLastGood({ file: join(stateDir, 'last-good.jsonl'), context: base, warn });
  return {
    verdicts,
    lastGood,
    context: { ...base, lastGood: lastGood.of },
    close: async () => {
      await verdicts.close();
      await lastGood.close();
    },
  };
}
