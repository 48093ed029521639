/** Services that must not serve as their apps ask, for what only the outside can see. */
import type { Diagnostic } from './diagnostic.ts';
import type { BackendName } from './ids.ts';
import { asAsked } from './narrowed.ts';
import type { Service, ServiceDefinition } from './service.ts';
import { standIn } from './stand-in.ts';

/** A service that must not serve as its app asks. */
export interface Hold {
  readonly diagnostic: Diagnostic;
  /** The version of it that served before, and serves on; undefined = it is left out. */
  readonly instead?: ServiceDefinition;
}

/** Services rejected: HAProxy refuses them, their port is taken, a file is missing, … */
export type Holds = ReadonlyMap<BackendName, Hold>;

/** What rejects the service, if anything does: two apps may ask for one backend's name. */
export function holdOf({ definition }: Service, holds: Holds): Hold | undefined {
  const hold = holds.get(definition.backend);
  return hold?.diagnostic.appId === definition.appId ? hold : undefined;
}

/** What serves instead; undefined where nothing does. */
export const insteadOf = ({ instead }: Hold): ServiceDefinition | undefined => instead && asAsked(instead);

/** The service as it may serve while it is rejected. */
export function asHeld(service: Service, hold: Hold | undefined): Service {
  const instead = hold && insteadOf(hold);
  return instead === undefined ? service : standIn(service, instead);
}
