/** What this daemon last brought HAProxy to. */
import type { Desired } from '../../core/desired/desired.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { ChangingHead } from '../../render/head.ts';

export interface Applied {
  /** What the model asked for, nothing rejected. */
  readonly desired: Desired;
  /** What HAProxy serves of it. */
  readonly served: Desired;
  readonly inputs: ChangingHead;
  /** Digest of what HAProxy cannot change at runtime. */
  readonly skeleton: string;
  /** File descriptors that checks and listeners may still take; Infinity where HAProxy does not say. */
  readonly descriptorsLeft: number;
  /**
   * Of a HAProxy that served before this daemon: backend → how many servers it had. Only what is desired as well is in
   * `served`. Undefined once HAProxy was brought to what is desired.
   */
  readonly adopted: ReadonlyMap<BackendName, number> | undefined;
}
