/** What a round has read of HAProxy and of the machine before it decides. Types only. */
import type { DescriptorBudget } from '../../core/policy/capacity.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { Running } from '../../haproxy/control/control.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Facts } from '../rejected/facts.ts';

export type Observed =
  /** No answer in time: it says nothing, neither that HAProxy is gone nor what it runs. */
  | { readonly kind: 'silent'; readonly reason: string }
  | {
      readonly kind: 'seen';
      /** `absent`: nobody serves. `blind`: there is nobody to ask. */
      readonly haproxy: Running | 'absent' | 'blind';
      readonly inputs: ChangingHead;
      readonly facts: Facts;
      /** The file descriptors HAProxy may use; undefined where it does not say. */
      readonly descriptors: number | undefined;
      readonly ownListeners: number;
      /** Of the next reload; undefined where HAProxy's limit is not known. */
      readonly budget: DescriptorBudget | undefined;
      /** Backend → its servers, of a HAProxy that this daemon has not brought to anything yet. */
      readonly unknown: ReadonlyMap<BackendName, number> | undefined;
    };

export type Seen = Extract<Observed, { kind: 'seen' }>;

/** A look while nothing has changed: whether HAProxy and the files are as they were. */
export type Sampled =
  { readonly kind: 'same'; readonly running: Running } | { readonly kind: 'differs'; readonly what: string };
