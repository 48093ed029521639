/** Services that must not serve as their apps ask, for what only the outside can see. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { BackendName, TaskId } from '../model/ids.ts';
import { asAsked } from '../services/narrowed.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';
import { withDefinition } from '../services/with-definition.ts';

/** A service that must not serve as its app asks. */
export interface Rejection {
  readonly diagnostic: Diagnostic;
  /** The version of it that served before, and serves on; undefined = it is left out. */
  readonly instead?: ServiceDefinition;
  /** The version of it that served last, which HAProxy accepts: what it guarded stays guarded while it is left out. */
  readonly before?: ServiceDefinition;
  /** It serves on as asked, but with the servers of these tasks alone. */
  readonly only?: ReadonlySet<TaskId>;
}

/** Services rejected: HAProxy refuses them, their port is taken, a file is missing, … */
export type RejectedServices = ReadonlyMap<BackendName, Rejection>;

/** What rejects the service, if anything does: two apps may ask for one backend's name. */
export function rejectionOf({ definition }: Service, rejected: RejectedServices): Rejection | undefined {
  const rejection = rejected.get(definition.backend);
  return rejection?.diagnostic.appId === definition.appId ? rejection : undefined;
}

/** What serves instead; undefined where nothing does. */
export const insteadOf = ({ instead }: Rejection): ServiceDefinition | undefined =>
  instead && asAsked(instead);

/** The service as it may serve while it is rejected. */
export function asRejected(service: Service, rejection: Rejection | undefined): Service {
  if (rejection?.only !== undefined) return withOnly(service, rejection.only);
  const instead = rejection && insteadOf(rejection);
  return instead === undefined ? service : withDefinition(service, instead);
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
