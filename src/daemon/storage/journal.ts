/** What was done to HAProxy, change by change, for status, logs and metrics. The newest hundred are kept. */
import type { Plan } from '../../core/plan/plan.ts';

/** Milliseconds each stage of a change took. */
export interface StageDurations {
  derive: number;
  render: number;
  check: number;
  publish: number;
  apply: number;
}

export interface JournalEntry {
  readonly revision: number;
  readonly hash: string;
  /** ISO time at which the change was in effect, or had failed. */
  readonly at: string;
  /** What set it off: the event, the snapshot, the certificate, … */
  readonly cause: string;
  readonly plan: Plan;
  readonly durations: Readonly<StageDurations>;
  /** From the arrival of the first event of the change until HAProxy ran it; undefined where no event set it off. */
  readonly eventToAppliedMs: number | undefined;
  readonly result:
    | { readonly kind: 'applied' }
    | { readonly kind: 'failed'; readonly stage: string; readonly message: string };
}

export interface Journal {
  readonly add: (entry: JournalEntry) => void;
  /** Newest first. */
  readonly entries: () => readonly JournalEntry[];
}

export function journal(onEntry: (entry: JournalEntry) => void, keep = 100): Journal {
  const entries: JournalEntry[] = [];
  return {
    entries: () => entries,
    add: (entry) => {
      entries.unshift(entry);
      entries.length = Math.min(entries.length, keep);
      onEntry(entry);
    },
  };
}
