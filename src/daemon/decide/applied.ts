/** What this daemon last brought HAProxy to. */
import type { Desired } from '../../core/desired/desired.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { ChangingHead } from '../../render/head.ts';

/** The desired state that HAProxy was last brought to, and what HAProxy has of it. */
export interface Applied {
  /** What the model asked for, before anything was rejected. */
  readonly desired: Desired;
  /** The part of it that HAProxy serves. */
  readonly served: Desired;
  readonly inputs: ChangingHead;
  /** Digest of the skeleton: what HAProxy cannot change at runtime. */
  readonly skeleton: string;
  /** File descriptors still free for health checks and listeners. Infinity if HAProxy does not say. */
  readonly descriptorsLeft: number;
  /**
   * If HAProxy already served when this daemon started: backend → number of servers it had. `served` then contains only
   * services that are also desired. Undefined once HAProxy was brought to the desired state.
   */
  readonly adopted: ReadonlyMap<BackendName, number> | undefined;
}
