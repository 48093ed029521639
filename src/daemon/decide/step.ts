/** What the loop does next, and what came of it. Closed unions: whoever handles one handles every case. Types only. */
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

/** Done at once, one after the other: a task's end waits for nothing but these. */
export type QuickStep =
  /** Servers of apps that changed. */
  | { readonly kind: 'follow'; readonly changes: ServerChanges; readonly apps: ReadonlySet<AppId> }
  /** Backends are read, and their servers made equal to what they should be. */
  | {
      readonly kind: 'compare';
      readonly services: readonly Service[];
      /** The position after the last of them. */
      readonly next: number;
      /** Backends that HAProxy must have first. */
      readonly pool: BackendPool | undefined;
    }
  /** Those of the candidate that changed, and backends that may come while HAProxy runs. */
  | { readonly kind: 'change'; readonly services: readonly Service[]; readonly candidate: Candidate };

/** Done beside: whatever reads or writes files, or waits for HAProxy to start. One at a time. */
export type SlowStep =
  | { readonly kind: 'sample' }
  | { readonly kind: 'observe' }
  /** Maps, and with `certificates` these too. */
  | { readonly kind: 'files'; readonly candidate: Candidate; readonly certificates: boolean }
  | {
      readonly kind: 'check';
      readonly candidate: Candidate;
      readonly need: CheckNeed;
      /** Accepted before, and not needed once this one is. */
      readonly replaces: PublishedRevision | undefined;
    }
  | { readonly kind: 'reject'; readonly culprit: ServiceDefinition; readonly reason: string }
  | { readonly kind: 'reload'; readonly good: Good; readonly plan: Plan }
  /** The text on disk catches up with what was done at runtime. */
  | { readonly kind: 'publish'; readonly candidate: Candidate };

/** Whether HAProxy's opinion is needed. `doubted`: of what it runs already, since it refuses something without a name. */
export type CheckNeed = 'needed' | 'runs already' | 'doubted';

export type Step =
  /** Nothing is to be done until something changes. */
  | { readonly kind: 'nothing' }
  /** Until that time nothing is to be done, unless something changes. Milliseconds since the epoch. */
  | { readonly kind: 'wait'; readonly until: number }
  /** Apps of the mirror that were lost on the way are derived again. */
  | { readonly kind: 'derive'; readonly apps: readonly AppId[] }
  /** The round ends without being applied, and is tried again. */
  | { readonly kind: 'postpone'; readonly why: Postponed }
  /** The round ends: HAProxy has what it should have. */
  | { readonly kind: 'finish'; readonly candidate: Candidate; readonly unfinished: boolean }
  /** A share of the backends has been compared. */
  | { readonly kind: 'sampled' }
  | QuickStep
  | SlowStep;

export type Postponed =
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'budget'; readonly plan: Plan; readonly waitMs: number }
  | {
      readonly kind: 'withheld';
      readonly loss: Loss;
      readonly cause: string;
      readonly confirmable: boolean;
    }
  /** What is desired has changed in more than its servers meanwhile. */
  | { readonly kind: 'outdated' }
  /** Apps of the mirror are not in what is desired. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'refused'; readonly messages: readonly CheckMessage[] };

/** `impossible` and `refused` are HAProxy's word; `silent` says nothing; `failed` is about our own side. */
export type Outcome = { readonly durations: Partial<StageDurations> } & (
  | {
      readonly kind: 'done' | 'impossible';
      /** Why it takes a reload; '' where it does not. */
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
  /** `culprits`: how many services HAProxy named, which are rejected by now. */
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
