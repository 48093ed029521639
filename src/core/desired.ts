/** The immutable result of the model for one state of the mirror. Unchanged parts keep their identity. */
import type { AppServices, ModelContext } from './app-services.ts';
import type { Assignments } from './assigned-ports.ts';
import { deriveChanged, type Groups, type MirrorDelta } from './derive-changed.ts';
import { keptNotice } from './definition-diagnostics.ts';
import type { Diagnostic } from './diagnostic.ts';
import { byCodePoint, type AppId, type BackendName } from './ids.ts';
import { nextRoutes } from './next-routes.ts';
import { allowsAll, serviceLimits, type PolicyRule } from './policy.ts';
import { tooManyServices } from './policy-violations.ts';
import { withReplaced } from './replaced-map.ts';
import type { Routes } from './routes.ts';
import type { Service, ServiceDefinition } from './service.ts';
import { standIn } from './stand-in.ts';

/** A service that must not serve as its app asks, for what only the outside can see. */
export interface Hold {
  readonly diagnostic: Diagnostic;
  /** The version of it that served before, and serves on; undefined = it is left out. */
  readonly instead?: ServiceDefinition;
}

/** Services held back: HAProxy refuses them, their port is taken, a file is missing, … */
export type Holds = ReadonlyMap<BackendName, Hold>;

export interface Desired {
  /** Every app of the mirror, derived. */
  readonly apps: ReadonlyMap<AppId, AppServices>;
  /** Deployment group → its apps. */
  readonly groups: Groups;
  /** Service ports of Pacer's choosing. */
  readonly assigned: Assignments;
  /** The services that are to serve, by backend, in the order of app id and port. */
  readonly services: ReadonlyMap<BackendName, Service>;
  readonly routes: Routes;
  readonly holds: Holds;
  /** What was decided between apps: conflicts and holds. What concerns one app alone is in `apps`. */
  readonly conflicts: readonly Diagnostic[];
}

export const nothingDesired: Desired = {
  apps: new Map(),
  groups: new Map(),
  assigned: new Map(),
  services: new Map(),
  routes: nextRoutes(undefined, []).routes,
  holds: new Map(),
  conflicts: [],
};

/** The next desired state after some apps changed. Work grows with what changed, but for changed definitions. */
export function nextDesired(previous: Desired, delta: MirrorDelta, context: ModelContext): Desired {
  if (delta.changed.length === 0 && delta.removed.length === 0) return previous;
  const { derived, groups, assigned } = deriveChanged(previous, delta, context);
  const sameApps =
    delta.changed.every(({ id }) => previous.apps.has(id)) &&
    !delta.removed.some((id) => previous.apps.has(id));
  const sameDefinitions =
    sameApps &&
    [...derived].every(([id, { definition }]) => previous.apps.get(id)?.definition === definition);
  if (!sameDefinitions) {
    const apps = new Map([...previous.apps, ...derived]);
    for (const id of delta.removed) apps.delete(id);
    return assemble({ ...previous, apps, groups, assigned });
  }
  const services = new Map<BackendName, Service>();
  for (const { ports } of derived.values()) {
    for (const { service } of ports) {
      const before = service && previous.services.get(service.definition.backend);
      // A service that lost its port to another app is in `apps`, but does not serve.
      if (before !== undefined && before !== service && before.definition === service?.definition)
        services.set(service.definition.backend, service);
    }
  }
  return {
    ...previous,
    apps: withReplaced(previous.apps, derived),
    services: withReplaced(previous.services, services),
  };
}

/** A state of other apps. `restructured`: their definitions may differ, so that services and routes are chosen anew. */
export function withApps(
  previous: Desired,
  apps: Desired['apps'],
  groups: Groups,
  restructured: boolean,
): Desired {
  if (restructured) return assemble({ ...previous, apps, groups });
  const services = new Map(previous.services);
  for (const { ports } of apps.values()) {
    for (const { service } of ports) {
      if (
        service !== undefined &&
        services.get(service.definition.backend)?.definition === service.definition
      )
        services.set(service.definition.backend, service);
    }
  }
  return { ...previous, apps, groups, services };
}

/** The same state with other services held back. */
export function withHolds(desired: Desired, holds: Holds): Desired {
  return desired.holds.size === 0 && holds.size === 0 ? desired : assemble({ ...desired, holds });
}

type Parts = Pick<Desired, 'apps' | 'groups' | 'assigned' | 'holds' | 'routes'>;

function assemble({ apps, groups, assigned, holds, routes: before }: Parts): Desired {
  const candidates = [...apps.values()]
    .flatMap(({ ports }) => ports.flatMap(({ service }) => service ?? []))
    .sort(
      ({ definition: a }, { definition: b }) =>
        byCodePoint(a.name, b.name) || a.portIndex - b.portIndex || byCodePoint(a.appId, b.appId),
    );
  const conflicts: Diagnostic[] = [];
  const owners = new Map<number, ServiceDefinition[]>();
  const services = new Map<BackendName, Service>();
  const counted = new Map<string, number>();
  for (const candidate of candidates) {
    const hold = holdOf(candidate, holds);
    if (hold !== undefined) {
      conflicts.push(hold.diagnostic);
      if (hold.instead === undefined) continue;
      conflicts.push(keptNotice(hold.diagnostic.appId, hold.instead.portIndex));
    }
    const service = asHeld(candidate, hold);
    const { definition } = service;
    const neighbours = owners.get(definition.servicePort) ?? [];
    const owner =
      services.get(definition.backend)?.definition ?? neighbours.find((other) => collide(definition, other));
    if (owner !== undefined) {
      conflicts.push(portTaken(definition, owner));
      continue;
    }
    const limit = overLimit(definition, apps, counted);
    if (limit !== undefined) {
      conflicts.push(tooManyServices(definition, limit));
      continue;
    }
    owners.set(definition.servicePort, [...neighbours, definition]);
    services.set(definition.backend, service);
  }
  const { routes, diagnostics } = nextRoutes(before, [...services.values()]);
  return { apps, groups, assigned, services, routes, holds, conflicts: [...conflicts, ...diagnostics] };
}

/** The limit of services that is reached, if one is; else the service counts. */
function overLimit(
  { appId }: ServiceDefinition,
  apps: Desired['apps'],
  counted: Map<string, number>,
): PolicyRule<'maxServices'> | undefined {
  const limits = serviceLimits(apps.get(appId)?.definition.policy ?? allowsAll, appId);
  const reached = limits.find(({ prefix, value }) => (counted.get(prefix) ?? 0) >= value);
  if (reached !== undefined) return reached;
  for (const { prefix } of limits) counted.set(prefix, (counted.get(prefix) ?? 0) + 1);
  return undefined;
}

/** What holds the service back, if anything does: two apps may ask for one backend's name. */
export function holdOf({ definition }: Service, holds: Holds): Hold | undefined {
  const hold = holds.get(definition.backend);
  return hold?.diagnostic.appId === definition.appId ? hold : undefined;
}

/** The service as it may serve while it is held back. */
export function asHeld(service: Service, hold: Hold | undefined): Service {
  return hold?.instead === undefined ? service : standIn(service, hold.instead);
}

/** Whether two listeners on one port want the same address. */
function collide(a: ServiceDefinition, b: ServiceDefinition): boolean {
  const everywhere = (address: string) => address === '*' || address === '::' || address === '0.0.0.0';
  return (
    a.listens &&
    b.listens &&
    (a.bindAddress === b.bindAddress || everywhere(a.bindAddress) || everywhere(b.bindAddress))
  );
}

function portTaken(
  { appId, portIndex, servicePort }: ServiceDefinition,
  owner: ServiceDefinition,
): Diagnostic {
  return {
    code: 'PORT_CONFLICT',
    severity: 'error',
    appId,
    portIndex,
    reason: `service port ${servicePort} belongs to ${owner.appId} port ${owner.portIndex}`,
    remedy: `choose another one with HAPROXY_${portIndex}_PORT`,
  };
}

/** Everything that is wrong, app by app and then between apps. */
export function allDiagnostics(desired: Desired): Diagnostic[] {
  return [...[...desired.apps.values()].flatMap(({ diagnostics }) => diagnostics), ...desired.conflicts];
}

/** How many servers there are behind all services. */
export function serverCount({ services }: Pick<Desired, 'services'>): number {
  let count = 0;
  for (const { servers } of services.values()) count += servers.length;
  return count;
}
