/**
 * What the control loop knows, as immutable values. `decide` reads a `Situation`, `settle` makes the next `LoopState`.
 * Types only, and the initial state.
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

/** What caused a change, for the journal. */
export interface Cause {
  readonly text: string;
  /** When its first event arrived, in milliseconds since the epoch; undefined if no event caused it. */
  readonly receivedAt: number | undefined;
}

/** What has to be checked as soon as it is allowed. */
export interface Due {
  /** Compare everything in HAProxy, not only what changed. */
  readonly everything: boolean;
  /** Have HAProxy read its configuration again, even if nothing differs. */
  readonly reload: boolean;
  readonly cause: Cause;
  /** When it was first requested, in milliseconds since the epoch. */
  readonly since: number;
}

/** What the slow half of the loop is doing. Servers are followed in every one of these states. */
export type Round =
  | { readonly kind: 'idle' }
  /** A slow step is under way, within a round or outside one. */
  | {
      readonly kind: 'busy';
      readonly step: SlowStep;
      readonly round: Judging | Sampling | undefined;
      /** Milliseconds since the epoch. */
      readonly since: number;
    }
  | Judging
  | Sampling;

/** A share of what was applied is being compared with HAProxy. */
export interface Sampling {
  readonly kind: 'sampling';
  /** The position after its last backend. */
  readonly to: number;
  /** Compare the maps first. */
  readonly maps: boolean;
}

/** HAProxy and the machine have been read; the loop is finding out what to apply. */
export interface Judging {
  readonly kind: 'judging';
  readonly observed: Seen;
  /** The desired state when the round began, before anything was rejected. */
  readonly desired: Desired;
  /** What caused the round. It becomes due again if the round ends without being applied. */
  readonly due: Due;
  readonly comparison: Comparison;
  readonly trial: Trial;
  /** What this round has changed at runtime so far. */
  readonly steps: readonly ServerStep[];
  readonly files: readonly string[];
  readonly durations: StageDurations;
}

/** How much of HAProxy has been compared with the candidate and repaired over the runtime socket. */
export type Comparison =
  /** Read every backend, starting at position `next`. */
  | { readonly kind: 'all'; readonly next: number }
  /** The backends that changed are next. */
  | { readonly kind: 'changed' }
  /** Servers are done; maps and certificates are next. */
  | { readonly kind: 'servers' }
  | { readonly kind: 'equal' }
  | { readonly kind: 'impossible'; readonly reason: string };

/** A change that would remove more than is allowed. It is not applied until it is confirmed or approved. */
export interface Withheld extends Loss {
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly cause: string;
  /** False if only an operator can know whether the change is intended, because what Marathon says has not changed. */
  readonly confirmable: boolean;
}

/** Why the last attempt to apply something failed. */
export interface Failure {
  readonly stage: string;
  readonly message: string;
  /** ISO 8601 time. */
  readonly at: string;
}

/** Everything the loop remembers between two steps. */
export interface LoopState {
  /** The desired state as derived from the mirror. */
  readonly unpinned: Desired;
  /** The same, with a revision's definitions if that revision is pinned. */
  readonly desired: Desired;
  readonly applied: Applied | undefined;
  /** Apps whose servers HAProxy may not have yet. */
  readonly pending: ReadonlySet<AppId>;
  readonly pendingCause: Cause | undefined;
  /** The runtime socket is not tried again before this time. Milliseconds since the epoch. */
  readonly runtimeRetryAt: number;
  /** Milliseconds it took to derive what is pending. */
  readonly deriveMs: number;
  /** Apps that could not be derived from Marathon's present state. */
  readonly underived: ReadonlySet<AppId>;
  /** File descriptors of the servers and listeners of the last reload. They fit, whatever HAProxy reports. */
  readonly loadedDescriptors: number;
  readonly due: Due | undefined;
  readonly round: Round;
  /** No round begins before this time. Milliseconds since the epoch. */
  readonly retryAt: number;
  readonly failures: number;
  readonly failure: Failure | undefined;
  /**
   * When the reasons for rejections are checked again; undefined if none can end by itself. Milliseconds since the
   * epoch.
   */
  readonly recheckAt: number | undefined;
  /** When the text on disk is due; undefined if it is up to date. Milliseconds since the epoch. */
  readonly textDueAt: number | undefined;
  readonly textFailure: Failure | undefined;
  readonly sampleDueAt: number;
  /** Position of the next backend to compare. */
  readonly sampleFrom: number;
  /** When servers without a task are checked again; undefined if there are none. Milliseconds since the epoch. */
  readonly reapAt: number | undefined;
  readonly withheld: Withheld | undefined;
  /** What an operator has approved: no more than this may be removed. */
  readonly approved: Withheld | undefined;
  readonly running: Running | undefined;
  /** True if HAProxy cannot be asked what it runs: command mode without a runtime socket. */
  readonly blind: boolean;
  /** Hash of the newest candidate's text. */
  readonly desiredHash: string | undefined;
  /** What is to be served, and what is rejected. */
  readonly candidate: Desired | undefined;
  /**
   * Since when HAProxy is out of sync, in milliseconds since the epoch. Undefined while it is in sync, 0 before it
   * first was.
   */
  readonly outOfSyncSince: number | undefined;
}

/** Limits and waiting times of the loop. */
export interface Limits extends LossLimits {
  /** Milliseconds between the start of a withheld change and the earliest confirmation. */
  readonly pauseMs: number;
  /** Milliseconds that a change which needs a reload waits for others that do. */
  readonly gatherMs: number;
  /** Milliseconds between two samples of HAProxy while nothing changes. */
  readonly sampleMs: number;
}

/** Everything `decide` may read. */
export interface Situation {
  readonly state: LoopState;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The mirror, without what the removal guard withholds. */
  readonly mirror: ReadonlyMap<AppId, App>;
  readonly serving: ServingContext;
  /** Backends with servers that wait for their last sessions to end. */
  readonly draining: ReadonlySet<BackendName>;
  /** Hash of the text on disk. */
  readonly diskHash: string | undefined;
  /** Milliseconds until the next reload may happen. */
  readonly reloadWaitMs: number;
  /**
   * When Marathon last confirmed the whole mirror, in milliseconds since the epoch; undefined if a cluster never has.
   */
  readonly confirmedAt: number | undefined;
  /** Clusters that have never answered and whose mirror is not stored. What HAProxy serves may be theirs. */
  readonly unheard: readonly string[];
  readonly limits: Limits;
  /** Apps of the mirror that the desired state lacks. Read only before something is published. */
  readonly missing: () => readonly AppId[];
  /** What a round is to apply, without what is rejected. Made when it is first read. */
  readonly candidate: (round: Judging) => Candidate;
  /** What was applied, as text. */
  readonly appliedText: (applied: Applied) => Candidate;
}

/** The state the loop begins with. @param now milliseconds since the epoch */
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
