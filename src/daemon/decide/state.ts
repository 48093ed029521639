/**
 * What the control loop knows, as immutable values. `decide` reads a `Situation`, `settle` makes the next `LoopState`.
 * Types only, and the state it begins with.
 */
import { nothingDesired, type Desired } from '../../core/desired/desired.ts';
import type { AppId, BackendName } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import type { ServingContext } from '../../core/servers/serving.ts';
import type { ServerStep } from '../../core/plan/server-step.ts';
import type { Running } from '../../haproxy/control/control.ts';
import type { StageDurations } from '../storage/journal.ts';
import type { Applied } from './applied.ts';
import type { Candidate } from './candidate.ts';
import type { Loss, LossLimits } from './loss.ts';
import type { Seen } from './observed.ts';
import type { SlowStep } from './step.ts';
import type { Trial } from './trial.ts';

/** What set a change off, for the journal. */
export interface Cause {
  readonly text: string;
  /** Milliseconds since the epoch at which its first event arrived; undefined where no event set it off. */
  readonly receivedAt: number | undefined;
}

/** What has to be looked into as soon as it is allowed. */
export interface Due {
  /** All of HAProxy is to be compared, not only what changed. */
  readonly everything: boolean;
  /** HAProxy is to read its configuration again even if nothing differs. */
  readonly reload: boolean;
  readonly cause: Cause;
  /** Milliseconds since the epoch of the first request. */
  readonly since: number;
}

/** How far the slow half of the loop is. Servers are followed in every one of these. */
export type Round =
  | { readonly kind: 'idle' }
  /** A slow step is under way, within a round or without one. */
  | {
      readonly kind: 'busy';
      readonly step: SlowStep;
      readonly round: Judging | Sampling | undefined;
      /** Milliseconds since the epoch. */
      readonly since: number;
    }
  | Judging
  | Sampling;

/** A share of what was applied is compared with HAProxy. */
export interface Sampling {
  readonly kind: 'sampling';
  /** The position after its last backend. */
  readonly to: number;
  /** The maps come first. */
  readonly maps: boolean;
}

/** HAProxy and the machine have been read; what they are to be brought to is being found. */
export interface Judging {
  readonly kind: 'judging';
  readonly observed: Seen;
  /** The model's state when the round began, nothing rejected. */
  readonly desired: Desired;
  /** What set the round off; due again where it ends without being applied. */
  readonly due: Due;
  readonly comparison: Comparison;
  readonly trial: Trial;
  /** What was done at runtime so far. */
  readonly steps: readonly ServerStep[];
  readonly files: readonly string[];
  readonly durations: StageDurations;
}

/** What of HAProxy has been compared with the candidate, and made equal, over the runtime socket. */
export type Comparison =
  /** Every backend is to be read, from the next one on. */
  | { readonly kind: 'all'; readonly next: number }
  /** The backends that changed are next. */
  | { readonly kind: 'changed' }
  /** Servers are; maps and certificates are next. */
  | { readonly kind: 'servers' }
  | { readonly kind: 'equal' }
  | { readonly kind: 'impossible'; readonly reason: string };

/** A change that would take away more than is allowed, kept from HAProxy until it is confirmed or approved. */
export interface Withheld extends Loss {
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly cause: string;
  /** False where only an operator can know that it is meant: what Marathon says has not changed. */
  readonly confirmable: boolean;
}

export interface Failure {
  readonly stage: string;
  readonly message: string;
  /** ISO time. */
  readonly at: string;
}

export interface LoopState {
  /** Derived from the mirror. */
  readonly unpinned: Desired;
  /** The same as it is to be served: with a revision's definitions where one is pinned. */
  readonly desired: Desired;
  readonly applied: Applied | undefined;
  /** Apps whose servers HAProxy may not have yet. */
  readonly pending: ReadonlySet<AppId>;
  readonly pendingCause: Cause | undefined;
  /** Not before this time is the runtime socket tried again. Milliseconds since the epoch. */
  readonly runtimeRetryAt: number;
  /** Milliseconds that deriving what is pending has taken. */
  readonly deriveMs: number;
  /** Apps that could not be derived from what Marathon says now. */
  readonly underived: ReadonlySet<AppId>;
  /** File descriptors of the servers and listeners that HAProxy was last reloaded with: they fit, whatever it says. */
  readonly loadedDescriptors: number;
  readonly due: Due | undefined;
  readonly round: Round;
  /** No round begins before. Milliseconds since the epoch. */
  readonly retryAt: number;
  readonly failures: number;
  readonly failure: Failure | undefined;
  /** When what services are rejected for is looked at again; undefined where nothing may change by itself. */
  readonly recheckAt: number | undefined;
  /** When the text on disk is to be written; undefined where it is up to date. */
  readonly textDueAt: number | undefined;
  readonly textFailure: Failure | undefined;
  readonly sampleDueAt: number;
  /** Position of the next backend to be compared. */
  readonly sampleFrom: number;
  /** When servers without a task are looked at again; undefined where there are none. */
  readonly reapAt: number | undefined;
  readonly withheld: Withheld | undefined;
  /** What an operator has agreed to: no more than this may go. */
  readonly approved: Withheld | undefined;
  readonly running: Running | undefined;
  /** True where HAProxy cannot be asked what it runs: command mode without a runtime socket. */
  readonly blind: boolean;
  /** The newest candidate's text. */
  readonly desiredHash: string | undefined;
  /** What is to be served, with what is rejected. */
  readonly candidate: Desired | undefined;
  /** Since when HAProxy is not up to date; undefined while it is, 0 before it first was. */
  readonly outOfSyncSince: number | undefined;
}

export interface Limits extends LossLimits {
  /** Milliseconds from the beginning of a withheld change until it may be confirmed. */
  readonly pauseMs: number;
  /** Milliseconds that a change which takes a reload waits for more of its kind. */
  readonly gatherMs: number;
  /** Milliseconds between looks at HAProxy while nothing changes. */
  readonly sampleMs: number;
}

/** Everything `decide` may look at. */
export interface Situation {
  readonly state: LoopState;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The mirror, as far as it may be applied. */
  readonly mirror: ReadonlyMap<AppId, App>;
  readonly serving: ServingContext;
  /** Services with servers that wait for their last sessions to end. */
  readonly draining: ReadonlySet<BackendName>;
  /** Hash of the text on disk. */
  readonly diskHash: string | undefined;
  /** Milliseconds until the next reload may happen. */
  readonly reloadWaitMs: number;
  /** When Marathon last confirmed all of the mirror; undefined where a cluster never has. Milliseconds since the epoch. */
  readonly confirmedAt: number | undefined;
  /** Clusters that have never answered and of which nothing is stored: what HAProxy serves may be theirs. */
  readonly unheard: readonly string[];
  readonly limits: Limits;
  /** Apps of the mirror that the model's state lacks. Read only where something is to be published. */
  readonly missing: () => readonly AppId[];
  /** What a round comes to, with what is rejected; made when it is first read. */
  readonly candidate: (round: Judging) => Candidate;
  /** What was applied, as text. */
  readonly appliedText: (applied: Applied) => Candidate;
}

export function initialState(now: number): LoopState {
  return {
    unpinned: nothingDesired,
    desired: nothingDesired,
    applied: undefined,
    pending: new Set(),
    pendingCause: undefined,
    deriveMs: 0,
    runtimeRetryAt: 0,
    underived: new Set(),
    loadedDescriptors: 0,
    due: undefined,
    round: { kind: 'idle' },
    retryAt: 0,
    failures: 0,
    failure: undefined,
    recheckAt: undefined,
    textDueAt: undefined,
    textFailure: undefined,
    sampleDueAt: now,
    sampleFrom: 0,
    reapAt: undefined,
    withheld: undefined,
    approved: undefined,
    running: undefined,
    blind: false,
    desiredHash: undefined,
    candidate: undefined,
    outOfSyncSince: 0,
  };
}
