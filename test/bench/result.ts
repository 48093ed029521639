/** What the benchmark finds, as `--json` prints it. Milliseconds and bytes. */
import type { Machine } from './machine.ts';
import type { MemoryMb } from './usage.ts';

export interface BenchResult {
  readonly sizes: readonly SizeResult[];
  /** What the daemon was started with beside addresses and paths. */
  readonly flags: readonly string[];
  readonly machine: Machine;
}

export interface SizeResult {
  readonly apps: number;
  readonly tasksEach: number;
  readonly fullSync: FullSync;
  readonly idle: Idle;
  /** A task comes: from its TASK_RUNNING event to the first answer that names it. */
  readonly up: Phase;
  /** A task goes: from its TASK_KILLING event to the last answer that names it. */
  readonly down: Phase;
  /** Of the daemon, when all rounds are over. */
  readonly memory: MemoryMb;
}

export const stageNames = ['derive', 'render', 'publish', 'check', 'apply'] as const;
export type Stages = Readonly<Record<(typeof stageNames)[number], number>>;

export interface FullSync {
  /** From the daemon's start to /readyz, HAProxy's start included. */
  readonly startToReadyMs: number;
  /** From the arrival of Marathon's list until HAProxy runs it, as the daemon says. */
  readonly snapshotToAppliedMs: number | undefined;
  readonly stages: Stages;
  readonly listBytes: number;
}

export interface Idle {
  readonly seconds: number;
  readonly cpuMsPerSecond: number;
}

export interface Phase {
  readonly rounds: number;
  /** Rounds in which what was waited for did not happen in time; not in `latency`. */
  readonly missed: number;
  readonly latency: Spread;
  /** From the event's arrival at the daemon until HAProxy runs the change, as the daemon says. */
  readonly eventToApplied: Spread;
  /** The median over the revisions. */
  readonly stages: Stages;
  readonly probes: number;
  readonly failedProbes: number;
  /** How they failed, with no more than a few examples. */
  readonly failures: readonly string[];
  /** Counted by HAProxy's master. */
  readonly reloads: number;
  /** Lists of all apps that were fetched meanwhile. */
  readonly lists: number;
  /** For each round, that is for each task that came or went. */
  readonly perChange: PerChange;
}

export interface PerChange {
  readonly events: number;
  /** Runtime commands that change something. */
  readonly commands: number;
  /** Of the daemon, without what it takes when idle. */
  readonly cpuMs: number;
  /** Of haproxy -c. */
  readonly checkCpuMs: number;
  /** Without the lists of all apps, which the daemon asks for on a slow timer. */
  readonly fetchedBytes: number;
  readonly requests: number;
  readonly streamBytes: number;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** By nearest rank; NaN for nothing at all. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), min: at(0), max: at(1) };
}
