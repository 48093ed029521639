/**
 * What HAProxy runs against what is wanted: whether its frame is the same, what of it can be changed while it runs,
 * and why a reload is needed where it cannot. It must not know how a pass goes on.
 */
import { descriptorsLeft, descriptorsOfAll } from '../core/capacity.ts';
import type { Desired } from '../core/desired.ts';
import { reloadPlan, type Plan } from '../core/plan.ts';
import type { HaproxyControl, Running } from '../haproxy/control.ts';
import type { ChangingFrame } from '../render/head.ts';
import { frameOf } from '../render/render.ts';
import type { Live } from './live.ts';
import type { Surroundings, Wanted } from './pipeline-types.ts';
import type { Publisher } from './publisher.ts';
import type { RuntimeOutcome } from './runtime-servers.ts';
import { nothingToDo, tooManyServers, type Runtime, type RuntimeWanted } from './runtime.ts';

export interface KnownParts {
  readonly control: HaproxyControl;
  readonly publisher: Publisher;
  readonly runtime: Runtime;
  readonly live: () => Live | undefined;
}

export interface Known {
  readonly runsFrameOf: (wanted: Wanted, running: Running | undefined) => boolean;
  /** Brings the servers of all backends that HAProxy has to what is wanted. */
  readonly change: (
    wanted: Wanted,
    running: Running | undefined,
    surroundings: Surroundings,
  ) => Promise<RuntimeOutcome>;
  readonly runtimeWanted: (wanted: Wanted) => RuntimeWanted;
  readonly planReload: (wanted: Wanted, running: Running | undefined, outcome: RuntimeOutcome) => Plan;
  /** File descriptors that the running HAProxy has beyond what these services take. */
  readonly spare: (desired: Desired, changing: ChangingFrame, surroundings: Surroundings) => Promise<number>;
  /** HAProxy has been reloaded with these: only what a reload has taken over is known to fit. */
  readonly loaded: (wanted: Wanted) => void;
}

export function createKnown({ control, publisher, runtime, live }: KnownParts): Known {
  /** What the servers and listeners took that HAProxy was last reloaded with. */
  let loadedDescriptors = 0;

  const runsFrameOf: Known['runsFrameOf'] = ({ rendering }, running) => {
    // Where HAProxy cannot be asked, what it was last given has to stand for what it runs.
    const blind = control.mode === 'command' && running === undefined;
    return (blind ? live()?.frame : frameOf(running?.hash)) === frameOf(rendering.hash);
  };

  async function changeKnown(
    wanted: Wanted,
    running: Running | undefined,
    surroundings: Surroundings,
  ): Promise<RuntimeOutcome> {
    const services = [...wanted.desired.services.values()];
    if (runsFrameOf(wanted, running)) {
      if (running !== undefined) {
        // What HAProxy was reloaded with fits by itself, whatever it says it has left.
        const grown = descriptorsOfAll(wanted.desired.services.values()) > loadedDescriptors;
        const fits = !grown || (await spare(wanted.desired, wanted.changing, surroundings)) >= 0;
        return fits ? runtime.bringAll(runtimeWanted(wanted)) : tooManyServers;
      }
      // Nobody to ask, so any change of the text takes the command.
      const same = publisher.activeHash() === wanted.rendering.hash;
      return same
        ? nothingToDo
        : { kind: 'impossible', reason: 'HAProxy has no runtime socket that answers' };
    }
    const last = live();
    if (last === undefined || running === undefined || frameOf(running.hash) !== last.frame)
      return nothingToDo;
    const before = last.desired.services;
    const known = services.filter((service) => {
      const old = before.get(service.definition.backend);
      return old !== undefined && old !== service && old.definition === service.definition;
    });
    return runtime.bring(known);
  }

  const runtimeWanted = ({ desired, changing, rendering }: Wanted): RuntimeWanted => ({
    services: [...desired.services.values()],
    maps: rendering.maps,
    pool: rendering.pool,
    certificates: changing.certificateDigests.keys(),
  });

  function planReload(wanted: Wanted, running: Running | undefined, outcome: RuntimeOutcome): Plan {
    if (runsFrameOf(wanted, running) && outcome.kind === 'impossible') {
      return {
        kind: 'reload',
        reasons: [{ code: 'runtime-impossible', backends: [], detail: outcome.reason }],
      };
    }
    const last = live();
    const runsApplied =
      last !== undefined &&
      (running === undefined ? control.mode === 'command' : frameOf(running.hash) === last.frame);
    return reloadPlan({ applied: last?.desired, desired: wanted.desired, runsApplied });
  }

  async function spare(
    { services }: Desired,
    { maxconn }: ChangingFrame,
    { ownListeners }: Surroundings,
  ): Promise<number> {
    const limit = await runtime.descriptors();
    return limit === undefined
      ? Infinity
      : descriptorsLeft(services.values(), { limit, maxconn, ownListeners, headroom: 0 });
  }

  return {
    ...{ runsFrameOf, runtimeWanted, planReload, spare },
    change: changeKnown,
    loaded: ({ desired, rendering }) => {
      loadedDescriptors = descriptorsOfAll(desired.services.values());
      runtime.loaded(rendering.pool);
    },
  };
}
