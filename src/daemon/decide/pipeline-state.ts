/** What the pipeline tells. Types only. */
import type { DescriptorBudget } from '../../core/policy/capacity.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { AppId } from '../../core/model/ids.ts';
import type { Running } from '../../haproxy/control/control.ts';
import type { PortOwner } from '../../haproxy/machine/ports.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Withheld } from './state.ts';

export interface MachineFacts {
  readonly head: ChangingHead;
  /** Undefined where HAProxy's limit is not known. */
  readonly budget: DescriptorBudget | undefined;
  readonly ownListeners: number;
  /** Whose listeners are no obstacle. */
  readonly ports: PortOwner;
}

/** What the pipeline knows, for status and metrics. */
export interface PipelineState {
  /** Undefined until the first pass. */
  readonly desired: Desired | undefined;
  /** What Marathon's state asks for, with nothing rejected and nothing pinned. */
  readonly unpinned: Desired;
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
  /** Apps whose servers HAProxy may not have yet, some of them. */
  readonly waitingFor: readonly AppId[];
  /** What is under way beside: reading the machine, a check, a reload. `since`: milliseconds since the epoch. */
  readonly slowStep: { readonly kind: string; readonly since: number } | undefined;
  /** Commands sent to HAProxy since the start that change something while it runs. */
  readonly runtimeCommands: number;
  /** Why commands do not go over the runtime socket; undefined while they do. */
  readonly socketFault: string | undefined;
  /** A change that would take away too much of what HAProxy serves; undefined where none is withheld. */
  readonly withheld: Withheld | undefined;
  /** What stands between desired and running now; undefined when nothing does. */
  readonly failure: { readonly stage: string; readonly message: string; readonly at: string } | undefined;
}
