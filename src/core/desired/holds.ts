/** Services that must not serve as their apps ask, for what only the outside can see. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { BackendName, TaskId } from '../model/ids.ts';
import { asAsked } from '../services/narrowed.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';
import { standIn } from '../services/stand-in.ts';

/** A service that must not serve as its app asks. */
export interface Hold {
  readonly diagnostic: Diagnostic;
  /** The version of it that served before, and serves on; undefined = it is left out. */
  readonly instead?: ServiceDefinition;
  /** It serves on as asked, but with the servers of these tasks alone. */
  readonly only?: ReadonlySet<TaskId>;
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
  if (hold?.only !== undefined) return withOnly(service, hold.only);
  const instead = hold && insteadOf(hold);
  return instead === undefined ? service : standIn(service, instead);
}

const made = new WeakMap<Service, { readonly only: ReadonlySet<TaskId>; readonly service: Service }>();

/** The same one for the same arguments, so that what did not change keeps its identity. */
function withOnly(service: Service, only: ReadonlySet<TaskId>): Service {
  const known = made.get(service);
  if (known?.only === only) return known.service;
  const { definition, servers } = service;
  const next = { definition, servers: servers.filter(({ taskId }) => only.has(taskId)) };
  made.set(service, { only, service: next });
  return next;
}
