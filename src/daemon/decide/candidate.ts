/** What may be applied: a desired state without what is rejected, and its text. */
import type { Desired } from '../../core/desired/desired.ts';
import type { ServiceDefinition } from '../../core/model/service.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Rendering } from '../../render/render.ts';

/** A desired state to apply. Made by `src/daemon/pipeline/candidates.ts`. */
export interface Candidate {
  /** The desired state it was made from, before anything was rejected. */
  readonly from: Desired;
  readonly desired: Desired;
  readonly inputs: ChangingHead;
  readonly rendering: Rendering;
  /** Definitions that have never served. */
  readonly fresh: readonly ServiceDefinition[];
  /** It is what can be served before the reload that the whole takes. */
  readonly isAhead?: true;
}
