/** What the parts of a simulator share. */
import type { Agents } from './agents.ts';
import type { Bus } from '../faults/bus.ts';
import type { VersionClock } from './clock.ts';
import type { Registry } from './registry.ts';
import type { SharedListeners } from '../samples/shared.ts';
import type { TaskKind, Timings, VersionTraits } from '../settings.ts';
import type { Timers } from './timers.ts';
import type { Uuids } from '../definitions/uuids.ts';

export interface World {
  readonly timings: Timings;
  readonly definitionDelayMs: number;
  readonly taskKilling: boolean;
  readonly taskKind: TaskKind;
  readonly checks: 'real' | 'switch';
  readonly maxDeployments: number;
  readonly traits: VersionTraits;
  readonly clock: VersionClock;
  readonly uuids: Uuids;
  readonly timers: Timers;
  readonly bus: Bus;
  readonly agents: Agents;
  readonly registry: Registry;
  readonly shared: SharedListeners | undefined;
}
