/** What the benchmark and the process that plays Marathon say to each other. Plain values, since they cross a pipe. */

export type Call =
  | { readonly name: 'load'; readonly apps: number; readonly tasksEach: number }
  | { readonly name: 'scale'; readonly app: string; readonly instances: number }
  | { readonly name: 'counts' };

/** How much went over the wire since the start. Grows only. */
export interface Counts {
  /** Events published, whether or not anybody reads them. */
  readonly events: number;
  /** Bytes that Pacer was answered, headers included, without those of the event stream. */
  readonly fetchedBytes: number;
  readonly streamBytes: number;
  readonly requests: number;
}

/** A task enters a state, as a `status_update_event` tells it. */
export interface TaskEvent {
  readonly app: string;
  readonly task: string;
  readonly state: string;
  /** `now()` when it was published. */
  readonly at: number;
}

export type ToMarathon = { readonly id: number; readonly call: Call };

export type FromMarathon =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'answer'; readonly id: number; readonly counts: Counts }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'task'; readonly event: TaskEvent };

/** Milliseconds of the clock that all processes of a machine share (CLOCK_MONOTONIC). */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;
