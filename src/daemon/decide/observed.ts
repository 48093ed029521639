/** What a round has read from HAProxy and the machine before it decides. Types only. */
import type { DescriptorBudget } from '../../core/policy/capacity.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { Running } from '../../haproxy/control/control.ts';
import type { ChangingHead } from '../../render/head.ts';
import type { Facts } from '../rejected/facts.ts';

/** The result of reading HAProxy and the machine. */
export type Observed =
  /** No answer in time. That means nothing: HAProxy may be running or not, with any configuration. */
  | { readonly kind: 'silent'; readonly reason: string }
  | {
      readonly kind: 'seen';
      /** `absent`: no HAProxy runs. `blind`: there is no socket to ask. */
      readonly haproxy: Running | 'absent' | 'blind';
      readonly inputs: ChangingHead;
      readonly facts: Facts;
      /** The file descriptors HAProxy may use; undefined if it does not say. */
      readonly descriptors: number | undefined;
      readonly ownListeners: number;
      /** For the next reload; undefined if HAProxy's limit is not known. */
      readonly budget: DescriptorBudget | undefined;
      /** Backend → number of servers, if this daemon has not applied anything to this HAProxy yet. */
      readonly unknown: ReadonlyMap<BackendName, number> | undefined;
    };

/** HAProxy and the machine have been read. */
export type Seen = Extract<Observed, { kind: 'seen' }>;

/** The result of a sample while nothing changes: are HAProxy and the files still the same? */
export type Sampled =
  { readonly kind: 'same'; readonly running: Running } | { readonly kind: 'differs'; readonly what: string };
