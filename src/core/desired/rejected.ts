/** Services that must not serve as their apps ask, for reasons outside the model. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { BackendName, TaskId } from '../model/ids.ts';
import { asAsked } from '../services/narrowed.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';
import { withDefinition } from '../services/with-definition.ts';

/** A service that must not serve as its app asks. */
export interface Rejection {
  readonly diagnostic: Diagnostic;
  /** Its previous version, which keeps serving; undefined: nothing serves. */
  readonly instead?: ServiceDefinition;
  /** The version of it that served last, which HAProxy accepts: what it guarded stays guarded while it is left out. */
  readonly before?: ServiceDefinition;
  /** It serves on as asked, but with the servers of these tasks alone. */
  readonly only?: ReadonlySet<TaskId>;
}

/** The rejected services, because HAProxy refuses them, their port is taken, a file is missing, … */
export type RejectedServices = ReadonlyMap<BackendName, Rejection>;

/**
 * The rejection of a service, if there is one. It must be of the same app, because two apps may ask for the same
 * backend name.
 */
export function rejectionOf({ definition }: Service, rejected: RejectedServices): Rejection | undefined {
  const rejection = rejected.get(definition.backend);
  return rejection?.diagnostic.appId === definition.appId ? rejection : undefined;
}

/** The version that serves instead; undefined if none does. */
export const insteadOf = ({ instead }: Rejection): ServiceDefinition | undefined =>
  instead && asAsked(instead);

/** The service as it may serve while it is rejected. */
export function asRejected(service: Service, rejection: Rejection | undefined): Service {
  if (rejection?.only !== undefined) return withOnly(service, rejection.only);
  const instead = rejection && insteadOf(rejection);
  return instead === undefined ? service : withDefinition(service, instead);
}

const made = new WeakMap<Service, { readonly only: ReadonlySet<TaskId>; readonly service: Service }>();

/** Remembers its results, so that unchanged services keep their identity. */
function withOnly(service: Service, only: ReadonlySet<TaskId>): Service {
  const known = made.get(service);
  if (known?.only === only) return known.service;
  const { definition, servers } = service;
  const next = { definition, servers: servers.filter(({ taskId }) => only.has(taskId)) };
  made.set(service, { only, service: next });
  return next;
}
