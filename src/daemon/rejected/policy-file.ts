/**
 * The policy file, read again when it changes. If it cannot be read, the previous policy stays in force, and that is
 * reported.
 */
import type { Policy } from '../../core/policy/policy.ts';
import { messageOf, PacerError } from '../../errors.ts';
import type { LastInputs } from '../files/last-inputs.ts';
import type { Logger } from '../../observe/log.ts';
import { policyOf, policyText, type PolicySettings } from '../../settings/policy.ts';

/** The policy that is in force. */
export interface PolicyFile {
  readonly current: () => Policy;
  readonly state: () => PolicyState | undefined;
  /** Reads the file now, if it changed. */
  readonly look: () => void;
  readonly close: () => void;
}

/** What the status shows of the policy file. */
export interface PolicyState {
  readonly file: string;
  /** App id prefixes. */
  readonly prefixes: readonly string[];
  /** ISO 8601 time. */
  readonly readAt: string;
  /** Why the present file is not used; undefined if it is. */
  readonly problem: string | undefined;
}

/** What `followPolicy` needs. */
export interface PolicyFileOptions {
  readonly settings: PolicySettings;
  readonly inputs: LastInputs;
  readonly onChange: () => void;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * Milliseconds between two checks of the file. Watching it would miss a file replaced by a link, as configuration tools
 * do.
 */
const everyMs = 2000;

/** @throws PacerError if the file cannot be used at the start and there is no last good copy */
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
      // If the file comes back unchanged, that counts as a change.
      if (error instanceof PacerError && error.code === 'FILE_UNREADABLE') seen = undefined;
      state = { ...state, problem: messageOf(error) };
      log.error(
        { file, error: messageOf(error) },
        'the policy file cannot be read; the previous policy stays in force',
      );
    }
  };
  const timer = file === undefined ? undefined : setInterval(look, everyMs);
  return { current: () => policy, state: () => state, look, close: () => clearInterval(timer) };
}

interface PolicyAtStart {
  readonly policy: Policy;
  /** The text of the file; undefined if it cannot be read. */
  readonly seen: string | undefined;
  readonly problem: string | undefined;
}

/** The policy in the file, or the last good one: without any policy, tenants could claim what is not theirs. */
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
    log.error({ file, error: problem }, 'the policy file cannot be read; the last good policy is in force');
    return { policy: policyOf(settings, last), seen, problem };
  }
}
