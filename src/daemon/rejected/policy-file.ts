/** The policy file, read anew when it changes. One that cannot be read leaves the policy as it was, and is said. */
import type { Policy } from '../../core/policy/policy.ts';
import { messageOf, PacerError } from '../../errors.ts';
import type { LastInputs } from '../files/last-inputs.ts';
import type { Logger } from '../../observe/log.ts';
import { policyOf, policyText, type PolicySettings } from '../../settings/policy.ts';

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
  readonly inputs: LastInputs;
  readonly onChange: () => void;
  readonly log: Logger;
  readonly now: () => number;
}

/** Watching a file misses those that are replaced by a link, as configuration tools do. */
const everyMs = 2000;

/** @throws PacerError where the file cannot be used at the start, and there is no last good copy of it */
export async function followPolicy(options: PolicyFileOptions): Promise<PolicyFile> {
  const { settings, inputs, onChange, log, now } = options;
  const file = settings.policy;
  const first = await policyAtStart(options);
  let { seen, policy } = first;
  let state: PolicyState | undefined;
  const read = (problem?: string) => {
    if (file === undefined) return;
    const prefixes = policy.map(({ prefix }) => prefix);
    state = { file, prefixes, readAt: new Date(now()).toISOString(), problem };
    if (problem === undefined && seen !== undefined) void inputs.keep('policy', file, seen);
  };
  read(first.problem);

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

interface PolicyAtStart {
  readonly policy: Policy;
  /** The text as it is in the file; undefined where that cannot be read. */
  readonly seen: string | undefined;
  readonly problem: string | undefined;
}

/** The policy of the file, or the last good one: without any, tenants could claim what is not theirs. */
async function policyAtStart({ settings, inputs, log }: PolicyFileOptions): Promise<PolicyAtStart> {
  const file = settings.policy;
  let seen: string | undefined;
  try {
    seen = policyText(settings);
    return { policy: policyOf(settings, seen), seen, problem: undefined };
  } catch (error) {
    const last = file === undefined ? undefined : await inputs.recall('policy', file);
    if (last === undefined) throw error;
    const problem = messageOf(error);
    log.error({ file, error: problem }, 'the policy cannot be read; the last good one counts');
    return { policy: policyOf(settings, last), seen, problem };
  }
}
