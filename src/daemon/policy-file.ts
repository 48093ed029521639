/** The policy file, read anew when it changes. One that cannot be read leaves the policy as it was, and is said. */
import type { Policy } from '../core/policy.ts';
import { messageOf, PacerError } from '../errors.ts';
import type { Logger } from '../observe/log.ts';
import { policyOf, policyText, type PolicySettings } from '../settings/policy.ts';

export interface PolicyFile {
  readonly current: () => Policy;
  readonly state: () => PolicyState | undefined;
  /** Looks at the file now. */
  readonly look: () => void;
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
  readonly settings: PolicySettings;
  readonly onChange: () => void;
  readonly log: Logger;
  readonly now: () => number;
}

/** Watching a file misses those that are replaced by a link, as configuration tools do. */
const everyMs = 2000;

/** @throws PacerError where the file cannot be used at the start */
export function followPolicy({ settings, onChange, log, now }: PolicyFileOptions): PolicyFile {
  const file = settings.policy;
  let seen: string | undefined = policyText(settings);
  let policy = policyOf(settings, seen);
  let state: PolicyState | undefined;
  const read = () => {
    if (file === undefined) return;
    const prefixes = policy.map(({ prefix }) => prefix);
    state = { file, prefixes, readAt: new Date(now()).toISOString(), problem: undefined };
  };
  read();

  const look = () => {
    if (file === undefined || state === undefined) return;
    try {
      const found = policyText(settings);
      if (found === seen) return;
      seen = found;
      policy = policyOf(settings, found);
      read();
      log.info({ file, prefixes: state.prefixes }, 'the policy has changed');
      onChange();
    } catch (error) {
      if (state.problem === messageOf(error)) return;
      // Should the file come back as it was, that is news.
      if (error instanceof PacerError && error.code === 'FILE_UNREADABLE') seen = undefined;
      state = { ...state, problem: messageOf(error) };
      log.error({ file, error: messageOf(error) }, 'the policy cannot be read; the one before counts');
    }
  };
  const timer = file === undefined ? undefined : setInterval(look, everyMs);
  return { current: () => policy, state: () => state, look, close: () => clearInterval(timer) };
}
