/** The policy file, read anew when it changes. One that cannot be read leaves the policy as it was, and is said. */
import { readFile } from 'node:fs/promises';
import type { Policy } from '../core/policy.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../observe/log.ts';
import { policyOf } from '../settings/policy.ts';

export interface PolicyFile {
  readonly current: () => Policy;
  readonly state: () => PolicyState | undefined;
  /** Looks at the file now. */
  readonly look: () => Promise<void>;
  readonly close: () => void;
}

export interface PolicyState {
  readonly file: string;
  /** Prefixes. */
  readonly prefixes: readonly string[];
  /** ISO. */
  readonly readAt: string;
  /** Why the file as it is now does not count; undefined where it does. */
  readonly problem: string | undefined;
}

export interface PolicyFileOptions {
  readonly settings: Parameters<typeof policyOf>[0];
  readonly onChange: () => void;
  readonly log: Logger;
  readonly now: () => number;
}

/** Watching a file misses those that are replaced by a link, as configuration tools do. */
const everyMs = 2000;

/** @throws PacerError where the file cannot be used at the start */
export async function followPolicy({ settings, onChange, log, now }: PolicyFileOptions): Promise<PolicyFile> {
  const file = settings.policy;
  let policy = policyOf(settings);
  let state: PolicyState | undefined;
  let seen = file === undefined ? '' : await readFile(file, 'utf8').catch(String);
  const read = () => {
    if (file === undefined) return;
    const prefixes = policy.map(({ prefix }) => prefix);
    state = { file, prefixes, readAt: new Date(now()).toISOString(), problem: undefined };
  };
  read();

  const look = async () => {
    if (file === undefined || state === undefined) return;
    const found = await readFile(file, 'utf8').catch(String);
    if (found === seen) return;
    seen = found;
    try {
      policy = policyOf(settings);
      read();
      log.info({ file, prefixes: state.prefixes }, 'the policy has changed');
      onChange();
    } catch (error) {
      state = { ...state, problem: messageOf(error) };
      log.error({ file, error: messageOf(error) }, 'the policy cannot be read; the one before counts');
    }
  };
  const timer = file === undefined ? undefined : setInterval(() => void look(), everyMs);
  return { current: () => policy, state: () => state, look, close: () => clearInterval(timer) };
}
