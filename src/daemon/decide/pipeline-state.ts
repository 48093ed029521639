/** What the pipeline reports. Types only. */
import type { DescriptorBudget } from '../../core/policy/capacity.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { AppId } from '../../core/model/ids.ts';
import type { SparesInUse } from '../../core/plan/placement.ts';
import type { Running } from '../../haproxy/control/control.ts';
import type { PortOwner } from '../../haproxy/machine/ports.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Withheld } from './state.ts';

/** Facts of the machine that the text depends on, and the checks before a reload. */
export interface MachineFacts {
  readonly head: ChangingHead;
  /** Undefined if HAProxy's limit is not known. */
  readonly budget: DescriptorBudget | undefined;
  readonly ownListeners: number;
  /** The owner of listeners that count as our own. */
  readonly ports: PortOwner;
}

/** What the pipeline knows, for status and metrics. */
export interface PipelineState {
  /** Undefined until the first pass. */
  readonly desired: Desired | undefined;
  /** What Marathon's state asks for, with nothing rejected and no revision pinned. */
  readonly unpinned: Desired;
  /** Hash of the newest text. The servers HAProxy has may be newer by up to a second. */
  readonly desiredHash: string | undefined;
  readonly running: Running | undefined;
  /** True if HAProxy cannot be asked what it runs: command mode without a runtime socket. */
  readonly blind: boolean;
  /** True while HAProxy is known to have the desired state. */
  readonly inSync: boolean;
  /**
   * Since when HAProxy is out of sync, in milliseconds since the epoch. Undefined while it is in sync, 0 before it
   * first was.
   */
  readonly outOfSyncSince: number | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Some of the apps whose servers HAProxy may not have yet. */
  readonly waitingFor: readonly AppId[];
  /** The slow step that is under way: reading the machine, a check, a reload. `since`: milliseconds since the epoch. */
  readonly slowStep: { readonly kind: string; readonly since: number } | undefined;
  /** Commands sent to HAProxy since the start that changed something at runtime. */
  readonly runtimeCommands: number;
  /** Why commands do not go over the runtime socket; undefined while they do. */
  readonly socketFault: string | undefined;
  /** Undefined where HAProxy has no spare backends, or nothing is known of it yet. */
  readonly spares: SparesInUse | undefined;
  /** A change that would remove too much of what HAProxy serves; undefined if none is withheld. */
  readonly withheld: Withheld | undefined;
  /** What keeps HAProxy from the desired state now; undefined if nothing does. */
  readonly failure: { readonly stage: string; readonly message: string; readonly at: string } | undefined;
}
