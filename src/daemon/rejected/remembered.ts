/**
 * What the daemon still knows after a restart: the last good version of each service, what HAProxy refuses, and who
 * served which host, port and group.
 */
import { join } from 'node:path';
import type { ModelContext } from '../../core/services/app-services.ts';
import { openLastGood, type LastGood } from './last-good.ts';
import { openOwners } from './owners.ts';
import { openVerdicts, type Verdicts } from './verdicts.ts';

/** What is remembered. */
export interface Remembered {
  readonly verdicts: Verdicts;
  readonly lastGood: LastGood;
  readonly context: ModelContext;
  /** Saves what has changed. */
  readonly close: () => Promise<void>;
}

/** Reads all of it from the state directory. Files that cannot be used are set aside, with a warning. */
export async function openRemembered(
  stateDir: string,
  base: ModelContext,
  haproxyVersion: string,
  warn: (message: string) => void,
): Promise<Remembered> {
  const verdicts = await openVerdicts({ file: join(stateDir, 'verdicts.json'), haproxyVersion, warn });
  const lastGood = await openLastGood({ file: join(stateDir, 'last-good.jsonl'), context: base, warn });
  const owners = await openOwners({ file: join(stateDir, 'owners.jsonl'), warn });
  return {
    verdicts,
    lastGood: {
      ...lastGood,
      serves: (desired) => {
        lastGood.serves(desired);
        owners.serves(desired);
      },
    },
    context: { ...base, lastGood: lastGood.of, owners: owners.current },
    close: async () => {
      await verdicts.close();
      await lastGood.close();
      await owners.close();
    },
  };
}
