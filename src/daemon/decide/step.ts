/** What the loop does next, and its result. Closed unions: every `switch` handles every case. Types only. */
import type { AppId, BackendName } from '../../core/model/ids.ts';
import type { Plan } from '../../core/plan/plan.ts';
import type { Service, ServiceDefinition } from '../../core/model/service.ts';
import type { ServerStep } from '../../core/plan/server-step.ts';
import type { CheckMessage } from '../../haproxy/files/check.ts';
import type { Running } from '../../haproxy/control/control.ts';
import type { PublishedRevision } from '../../haproxy/files/publish.ts';
import type { BackendPool } from '../../render/profiles.ts';
import type { StageDurations } from '../storage/journal.ts';
import type { Candidate } from './candidate.ts';
import type { Loss } from './loss.ts';
import type { Observed, Sampled } from './observed.ts';
import type { ServerChanges } from './server-changes.ts';
import type { Good } from './trial.ts';

/** Performed within the pass, one after the other. Removing a task that ended waits only for these. */
export type QuickStep =
  /** Bring the servers of apps that changed to HAProxy. */
  | { readonly kind: 'follow'; readonly changes: ServerChanges; readonly apps: ReadonlySet<AppId> }
  /** Read backends, and repair the servers that differ. */
  | {
      readonly kind: 'compare';
      readonly services: readonly Service[];
      /** The position after the last of them. */
      readonly next: number;
      /** Backends that HAProxy must have first. */
      readonly pool: BackendPool | undefined;
    }
  /** Bring the candidate's changed services to HAProxy, and add the backends that HAProxy can add at runtime. */
  | { readonly kind: 'change'; readonly services: readonly Service[]; readonly candidate: Candidate };

/** Performed beside the pass, one at a time: reads or writes files, or waits for HAProxy to start. */
export type SlowStep =
  | { readonly kind: 'sample' }
  | { readonly kind: 'observe' }
  /** Bring maps to HAProxy, and certificates if `certificates` is true. */
  | { readonly kind: 'files'; readonly candidate: Candidate; readonly certificates: boolean }
  | {
      readonly kind: 'check';
      readonly candidate: Candidate;
      readonly need: CheckNeed;
      /** An accepted revision that this one makes unnecessary. */
      readonly replaces: PublishedRevision | undefined;
    }
  | { readonly kind: 'reject'; readonly culprit: ServiceDefinition; readonly reason: string }
  | { readonly kind: 'reload'; readonly good: Good; readonly plan: Plan }
  /** Write the text that follows runtime changes. */
  | { readonly kind: 'publish'; readonly candidate: Candidate };

/**
 * Whether HAProxy has to check the text. `doubted`: also if it runs this text already, because it refuses something
 * without naming a service.
 */
export type CheckNeed = 'needed' | 'runs already' | 'doubted';

/** What the loop does next. */
export type Step =
  /** Do nothing until something changes. */
  | { readonly kind: 'nothing' }
  /** Do nothing until this time, or until something changes. Milliseconds since the epoch. */
  | { readonly kind: 'wait'; readonly until: number }
  /** Derive apps of the mirror again that the model lacks. */
  | { readonly kind: 'derive'; readonly apps: readonly AppId[] }
  /** End the round without applying it, and try again later. */
  | { readonly kind: 'postpone'; readonly why: Postponed }
  /** End the round: HAProxy has what it should have. */
  | { readonly kind: 'finish'; readonly candidate: Candidate; readonly unfinished: boolean }
  /** A share of the backends has been compared. */
  | { readonly kind: 'sampled' }
  | QuickStep
  | SlowStep;

/** Why a round ends without being applied. */
export type Postponed =
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'budget'; readonly plan: Plan; readonly waitMs: number }
  | {
      readonly kind: 'withheld';
      readonly loss: Loss;
      readonly cause: string;
      readonly confirmable: boolean;
    }
  /** More than servers has changed in the desired state since the round began. */
  | { readonly kind: 'outdated' }
  /** Apps of the mirror are not in the desired state. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'refused'; readonly messages: readonly CheckMessage[] };

/** `impossible` and `refused` are HAProxy's answers; `silent` is no answer; `failed` is a failure on our side. */
export type Outcome = { readonly durations: Partial<StageDurations> } & (
  | {
      readonly kind: 'done' | 'impossible';
      /** Why a reload is needed; '' if none is. */
      readonly reason: string;
      readonly needReload: ReadonlyMap<BackendName, string>;
      readonly steps: readonly ServerStep[];
      /** Maps and certificates that were changed. */
      readonly files: readonly string[];
      readonly isDeparting: boolean;
    }
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'observed'; readonly observed: Observed }
  | { readonly kind: 'sampled'; readonly sampled: Sampled }
  | { readonly kind: 'accepted'; readonly revision: PublishedRevision | undefined }
  /** `culprits`: how many services HAProxy named. They are rejected by now. */
  | { readonly kind: 'refused'; readonly messages: readonly CheckMessage[]; readonly culprits: number }
  | { readonly kind: 'rejected' }
  | {
      readonly kind: 'reloaded';
      readonly running: Running | undefined;
      readonly descriptors: number | undefined;
    }
  | { readonly kind: 'published' }
  | { readonly kind: 'failed'; readonly stage: keyof StageDurations; readonly message: string }
);
