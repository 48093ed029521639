/** What the pipeline is made of, and what it tells. Types only. */
import type { DescriptorBudget } from '../core/capacity.ts';
import type { ModelContext } from '../core/app-services.ts';
import type { Desired } from '../core/desired.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { HaproxyControl, Running } from '../haproxy/control.ts';
import type { PortOwner } from '../haproxy/ports.ts';
import type { ChangingFrame } from '../render/head.ts';
import type { Renderer, Rendering } from '../render/render.ts';
import type { Change, Inbox } from './inbox.ts';
import type { Journal } from './journal.ts';
import type { LastGood } from './last-good.ts';
import type { Publisher } from './publisher.ts';
import type { ReloadBudget } from './reload-budget.ts';
import type { Verdicts } from './verdicts.ts';

export interface PipelineParts {
  readonly inbox: Inbox;
  readonly context: ModelContext;
  /** What is served of a state of the mirror: all of it, or what a pinned revision makes of it. */
  readonly pinned: (mirrored: Desired) => Desired;
  /** Looks up the agents' names that are new; waits for them only a moment. */
  readonly learnHosts: (change: Change) => Promise<void>;
  /** Waits for what comes together with a change that takes a reload. */
  readonly gather: () => Promise<void>;
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly render: Renderer;
  readonly verdicts: Verdicts;
  readonly lastGood: LastGood;
  /** Read anew for each complete pass: certificates are renewed, limits change. */
  readonly surroundings: () => Promise<Surroundings>;
  readonly budget: ReloadBudget;
  readonly journal: Journal;
  /** How long the sessions of a server whose task is gone may go on, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** Asks for another pass after a while, over what changed. */
  readonly soon: (afterMs: number) => void;
  /** Asks for another complete pass after a while. */
  readonly again: (afterMs: number, why: string) => void;
  readonly now: () => number;
}

export interface Surroundings {
  readonly frame: ChangingFrame;
  /** Undefined where HAProxy's limit is not known. */
  readonly budget: DescriptorBudget | undefined;
  readonly ownListeners: number;
  /** Whose listeners are no obstacle. */
  readonly ports: PortOwner;
}

/** What one pass wants HAProxy to run. */
export interface Wanted {
  readonly desired: Desired;
  readonly changing: ChangingFrame;
  readonly rendering: Rendering;
}

/** What the pipeline knows, for status and metrics. */
export interface PipelineState {
  /** Undefined until the first pass. */
  readonly desired: Desired | undefined;
  /** What Marathon's state asks for, with nothing held back and nothing pinned. */
  readonly mirrored: Desired;
  /** Of the newest text; the servers HAProxy has may be ahead of it for a second. */
  readonly desiredHash: string | undefined;
  readonly running: Running | undefined;
  /** True where HAProxy cannot be asked what it runs, and never could: command mode without a runtime socket. */
  readonly blind: boolean;
  /** True while HAProxy is known to have what is desired. */
  readonly inSync: boolean;
  /** Since when it no longer is, in milliseconds since the epoch; undefined while it is, 0 before it first was. */
  readonly outOfSyncSince: number | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Commands sent to HAProxy since the start that change something while it runs. */
  readonly runtimeCommands: number;
  /** Why commands do not go over the runtime socket; undefined while they do. */
  readonly socketFault: string | undefined;
  /** What stands between desired and running now; undefined when nothing does. */
  readonly failure: { readonly stage: string; readonly message: string; readonly at: string } | undefined;
}

export interface Pipeline {
  /** Never rejects. */
  readonly pass: () => Promise<void>;
  readonly state: () => PipelineState;
  /** The text on disk is no longer written. */
  readonly close: () => Promise<void>;
}
