/** What was done to HAProxy, change by change, for status, logs and metrics. The newest hundred changes are kept. */
import type { Plan } from '../../core/plan/plan.ts';

/** Milliseconds that each stage of a change took. */
export interface StageDurations {
  derive: number;
  render: number;
  check: number;
  publish: number;
  apply: number;
}

/** One change that was applied, or failed. */
export interface JournalEntry {
  readonly revision: number;
  readonly hash: string;
  /** ISO 8601 time at which the change was in effect, or had failed. */
  readonly at: string;
  /** The cause: the event, the snapshot, the certificate, … */
  readonly cause: string;
  readonly plan: Plan;
  readonly durations: Readonly<StageDurations>;
  /**
   * Milliseconds from the arrival of the change's first event until HAProxy ran it; undefined if no event caused it.
   */
  readonly eventToAppliedMs: number | undefined;
  readonly result:
    | { readonly kind: 'applied' }
    | { readonly kind: 'failed'; readonly stage: string; readonly message: string };
}

/** The newest changes. */
export interface Journal {
  readonly add: (entry: JournalEntry) => void;
  /** Newest first. */
  readonly entries: () => readonly JournalEntry[];
}

/**
 * @param onEntry called for each new entry
 * @param keep how many entries are kept
 */
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
