/** What is to be applied: a state of the model without what is rejected, and what it comes to as text. */
import type { Desired } from '../../core/desired/desired.ts';
import type { ServiceDefinition } from '../../core/model/service.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Rendering } from '../../render/render.ts';

export interface Candidate {
  /** The model's state that it was made of, nothing rejected. */
  readonly from: Desired;
  readonly desired: Desired;
  readonly inputs: ChangingHead;
  readonly rendering: Rendering;
  /** Definitions that have never served. */
  readonly fresh: readonly ServiceDefinition[];
}
