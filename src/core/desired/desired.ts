/**
 * The desired state: the immutable output of the model for one state of the mirror. Unchanged parts keep their
 * identity.
 */
import { noAddresses, type Addresses } from '../servers/addresses.ts';
import type { AppServices, ModelContext } from '../services/app-services.ts';
import { assemble, type Assembly } from './assemble.ts';
import type { Assignments } from '../services/assigned-ports.ts';
import { ageOf, noOwners, type Owners } from '../services/claims.ts';
import { precedence } from '../ownership/precedence.ts';
import { deriveChanged, type Derived, type MirrorDelta } from './derive-changed.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Groups } from '../groups/groups.ts';
import type { RejectedServices } from './rejected.ts';
import type { AppId, BackendName } from '../model/ids.ts';
import type { App } from '../model/model.ts';
import { asServed } from '../services/narrowed.ts';
import { nextRoutes } from '../routing/next-routes.ts';
import { withReplaced } from '../collections/replaced-map.ts';
import type { Reserved, Routes } from '../routing/routes.ts';
import { keepSame } from '../collections/same.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';

export { asRejected, rejectionOf, type Rejection, type RejectedServices } from './rejected.ts';

/** The desired state. */
export interface Desired {
  /** Every app of the mirror, derived. */
  readonly apps: ReadonlyMap<AppId, AppServices>;
  /** Deployment group → the apps that name it. */
  readonly groups: Groups;
  /** Service ports that Pacer assigned. */
  readonly assigned: Assignments;
  /** Which tasks Marathon lists with which address. */
  readonly addresses: Addresses;
  /** Which apps had what before, as known when this state was made. */
  readonly owners: Owners;
  /** The services that serve, by backend, in the order of app id and port. */
  readonly services: ReadonlyMap<BackendName, Service>;
  readonly routes: Routes;
  readonly rejected: RejectedServices;
  /** Diagnostics about several apps: conflicts and rejections. Those about one app are in `apps`. */
  readonly conflicts: readonly Diagnostic[];
  /** Route, app id or TLS of a host → the service that has it. */
  readonly claims: ReadonlyMap<string, ServiceDefinition>;
  /** What belongs to services that do not serve at present, but had it before. */
  readonly reserved: Reserved;
  /** Apps that claim something another app also claims. */
  readonly contested: ReadonlySet<AppId>;
  /** Apps whose derivation threw. They keep serving as before, and are tried again. */
  readonly failed: ReadonlySet<AppId>;
  /** Apps derived in the last step: those that changed, and those they affect. */
  readonly rederived: ReadonlySet<AppId>;
}

const noRoutes = nextRoutes(undefined, [], precedence(noOwners, new Map(), new Map())).routes;

/** The state before Marathon has said anything. */
export const nothingDesired: Desired = {
  apps: new Map(),
  groups: new Map(),
  assigned: new Map(),
  addresses: noAddresses,
  owners: noOwners,
  services: new Map(),
  routes: noRoutes,
  rejected: new Map(),
  conflicts: [],
  claims: new Map(),
  reserved: [],
  contested: new Set(),
  failed: new Set(),
  rederived: new Set(),
};

/**
 * The next desired state after some apps changed. The work is proportional to what changed, unless definitions did. An
 * app that cannot be derived is in `failed`; all others are up to date.
 */
export function nextDesired(previous: Desired, delta: MirrorDelta, context: ModelContext): Desired {
  if (delta.changed.length === 0 && delta.removed.length === 0) return previous;
  const step = deriveChanged(previous, delta, context);
  const { derived, groups, assigned, addresses } = step;
  const failed = nextFailed(previous.failed, delta, step);
  const owners = context.owners();
  const known = { groups, assigned, addresses, failed, owners, rederived: new Set(derived.keys()) };
  const isOtherwise = previous.contested.size > 0 && owners !== previous.owners;
  if (isOtherwise || isRestructured(previous, delta, derived)) {
    const apps = new Map([...previous.apps, ...derived]);
    for (const id of delta.removed) apps.delete(id);
    const next = { ...previous, ...known, apps };
    return { ...next, ...steady(previous, assemble(next)) };
  }
  return {
    ...previous,
    ...known,
    apps: withReplaced(previous.apps, derived),
    services: withReplaced(previous.services, served(previous.services, derived)),
  };
}

/**
 * Whether services and routes must be chosen again: because of other apps or definitions, or other ages of apps that
 * compete.
 */
function isRestructured(previous: Desired, { changed, removed }: MirrorDelta, derived: Derived['derived']) {
  return (
    changed.some(({ id }) => !previous.apps.has(id)) ||
    removed.some((id) => previous.apps.has(id)) ||
    [...derived].some(([id, now]) => {
      const before = previous.apps.get(id);
      return (
        before === undefined ||
        !sameDefinitions(before, now) ||
        (previous.contested.has(id) && ageOf(before.app) !== ageOf(now.app))
      );
    })
  );
}

const sameDefinitions = (before: AppServices, now: AppServices): boolean =>
  before.definition === now.definition &&
  before.alone === now.alone &&
  before.ports.length === now.ports.length &&
  now.ports.every(({ service }, i) => service?.definition === before.ports[i]?.service?.definition);

/** The services of these apps that are served in another state than before. */
function served(
  services: Desired['services'],
  derived: Derived['derived'],
): ReadonlyMap<BackendName, Service> {
  const changed = new Map<BackendName, Service>();
  for (const { ports } of derived.values()) {
    for (const { service } of ports) {
      const before = service && services.get(service.definition.backend);
      // A service that lost its port to another app is in `apps`, but may not serve.
      const now = service && before && asServed(service, before);
      if (now !== undefined && now !== before) changed.set(now.definition.backend, now);
    }
  }
  return changed;
}

/** Keeps the same list of conflicts if the same services serve and the diagnostics are the same. */
function steady(previous: Desired, next: Assembly): Assembly {
  const isSame =
    next.routes === previous.routes &&
    next.services.size === previous.services.size &&
    [...next.services].every(
      ([backend, { definition }]) => previous.services.get(backend)?.definition === definition,
    );
  return isSame ? { ...next, conflicts: keepSame(previous.conflicts, next.conflicts) } : next;
}

function nextFailed(
  previous: ReadonlySet<AppId>,
  { removed }: MirrorDelta,
  { derived }: Derived,
): ReadonlySet<AppId> {
  const now = [...derived].flatMap(([id, { failure }]) => (failure === undefined ? [] : [id]));
  if (previous.size === 0 && now.length === 0) return previous;
  const failed = new Set(previous);
  for (const id of [...removed, ...derived.keys()]) failed.delete(id);
  for (const id of now) failed.add(id);
  return failed;
}

/**
 * The state with other definitions. `restructured`: the definitions may differ from those of `previous`, so services
 * and routes are chosen again.
 */
export function withApps(
  previous: Desired,
  unpinned: Desired,
  apps: Desired['apps'],
  restructured: boolean,
): Desired {
  const { groups, assigned, addresses, owners, failed, rederived } = unpinned;
  const next = { ...previous, groups, assigned, addresses, owners, failed, rederived, apps };
  if (restructured) return { ...next, ...assemble(next) };
  return { ...next, services: new Map([...previous.services, ...served(previous.services, apps)]) };
}

/** The same state with other services rejected. */
export function withRejected(desired: Desired, rejected: RejectedServices): Desired {
  if (desired.rejected.size === 0 && rejected.size === 0) return desired;
  const next = { ...desired, rejected };
  return { ...next, ...assemble(next) };
}

/**
 * Apps that are in the mirror and not derived, or derived and no longer in the mirror. None, unless Pacer has a bug.
 * Apps that could not be derived are in `desired.failed`.
 */
export function missingApps(
  { apps }: Pick<Desired, 'apps'>,
  mirror: Pick<ReadonlyMap<AppId, App>, 'size' | 'has' | 'keys'>,
): AppId[] {
  const missing: AppId[] = [];
  for (const id of mirror.keys()) if (!apps.has(id)) missing.push(id);
  // If none is missing and the numbers are equal, none is left over.
  if (missing.length > 0 || apps.size !== mirror.size)
    for (const id of apps.keys()) if (!mirror.has(id)) missing.push(id);
  return missing;
}

/** All diagnostics: first app by app, then those between apps. */
export function allDiagnostics(desired: Desired): Diagnostic[] {
  return [...[...desired.apps.values()].flatMap(({ diagnostics }) => diagnostics), ...desired.conflicts];
}

/** The number of servers of all services. */
export function serverCount({ services }: Pick<Desired, 'services'>): number {
  let count = 0;
  for (const { servers } of services.values()) count += servers.length;
  return count;
}
