/** What the benchmark and the process that plays Marathon say to each other. Plain values, since they cross a pipe. */
import type { WireCounts } from './elsewhere.ts';

export type Call =
  | { readonly name: 'load'; readonly apps: number; readonly tasksEach: number }
  | { readonly name: 'scale'; readonly app: string; readonly instances: number }
  | { readonly name: 'counts' };

/** How much went over the wire since the start, answers with their headers. Grows only. */
export interface Counts extends Readonly<WireCounts> {
  /** Events published, whether or not anybody reads them. */
  readonly events: number;
}

/** How that process is started: its arguments, as JSON. */
export interface Start {
  readonly port: number;
  /** Of every agent; somebody else answers on them. */
  readonly taskPorts: readonly number[];
  /** A task that is killed is known to Marathon for so long. */
  readonly killMs: number;
}

/** A task enters a state, as a `status_update_event` tells it. */
export interface TaskEvent {
  readonly app: string;
  readonly task: string;
  /** `address:port` of its first port. */
  readonly address: string;
  readonly state: string;
  /** `now()` when it left Marathon. */
  readonly at: number;
}

export interface ToMarathon {
  readonly id: number;
  readonly call: Call;
}

export type FromMarathon =
  | { readonly kind: 'listening' }
  | { readonly kind: 'answer'; readonly id: number; readonly events: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'task'; readonly event: TaskEvent };

/** Milliseconds of the clock that all processes of a machine share (CLOCK_MONOTONIC). */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;
