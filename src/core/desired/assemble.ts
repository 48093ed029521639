/**
 * Chooses, from the services of every app, those that serve: which service has which backend, port and route, and which
 * are left out.
 */
import type { AppServices } from '../services/app-services.ts';
import { backendClaim, portClaim, type Owners } from '../services/claims.ts';
import { precedence, type Precedence } from '../ownership/precedence.ts';
import { createContests, type Rank } from '../ownership/contests.ts';
import { keptNotice } from '../services/definition-diagnostics.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Groups } from '../groups/groups.ts';
import { asRejected, rejectionOf, insteadOf, type RejectedServices } from './rejected.ts';
import { byCodePoint, type AppId, type BackendName } from '../model/ids.ts';
import { withoutListener } from '../services/narrowed.ts';
import { withHostGuards } from '../routing/guards.ts';
import { neverServed, type Away } from '../routing/away.ts';
import { nextRoutes } from '../routing/next-routes.ts';
import { allowsAll, serviceLimits, type PolicyRule } from '../policy/policy.ts';
import { tooManyServices } from '../policy/policy-violations.ts';
import { portLosers, portTaken } from '../ownership/ports-claimed.ts';
import type { Reserved, Routes } from '../routing/routes.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';
import { withDefinition } from '../services/with-definition.ts';

type Apps = ReadonlyMap<AppId, AppServices>;

/** What the choice is made from. */
export interface AssemblyParts {
  readonly apps: Apps;
  readonly groups: Groups;
  readonly rejected: RejectedServices;
  /** Which apps had what before. */
  readonly owners: Owners;
  /** The previous routes. They are kept if nothing they depend on differs. */
  readonly routes: Routes;
}

/** The services that serve, and what was decided between apps. */
export interface Assembly {
  readonly services: ReadonlyMap<BackendName, Service>;
  readonly routes: Routes;
  readonly conflicts: readonly Diagnostic[];
  /** Route, app id or TLS of a host → the service that has it. */
  readonly claims: ReadonlyMap<string, ServiceDefinition>;
  /** What belongs to services that do not serve at present, but had it before. */
  readonly reserved: Reserved;
  readonly contested: ReadonlySet<AppId>;
}

/** Assembles the services of all apps. Conflicts are diagnostics; nothing throws. */
export function assemble({ apps, groups, rejected, owners, routes: before }: AssemblyParts): Assembly {
  const order = precedence(owners, apps, groups);
  const conflicts: Diagnostic[] = [];
  const contested = new Set<AppId>();
  const contest = (definitions: readonly ServiceDefinition[]) => {
    for (const definition of definitions) for (const id of order.partiesOf(definition)) contested.add(id);
  };
  const { candidates, reserved, away } = withoutRejected(candidatesOf(apps), rejected, conflicts);

  const lost = backendLosers(candidates, order);
  for (const [loser, winner] of lost) {
    contest([loser, winner]);
    conflicts.push(portTaken(loser, winner));
  }
  const owning = lost.size === 0 ? candidates : candidates.filter(({ definition }) => !lost.has(definition));
  const limited = withinLimits(owning, apps, order);
  conflicts.push(...limited.diagnostics);
  if (limited.diagnostics.length > 0) contest(candidates.map(({ definition }) => definition));

  const awayFromPorts = reserved.filter((it) => order.owns(it, portClaim(it)));
  const ports = portLosers(
    [...limited.services.map(({ definition }) => definition), ...awayFromPorts],
    order,
  );
  contest(ports.contested);
  const services = limited.services.flatMap((service) => {
    const { definition } = service;
    const owner = ports.losers.get(definition);
    if (owner === undefined) return [service];
    conflicts.push(portTaken(definition, owner));
    // Without a listener, a service with neither host nor app id cannot be reached.
    return definition.mode === 'http' ? [withDefinition(service, withoutListener(definition))] : [];
  });

  const made = nextRoutes(before, services, order, reserved);
  for (const { claimants } of made.contested) contest(claimants);
  const served = new Set(limited.services);
  const leftOut = candidates.filter((candidate) => !served.has(candidate));
  const unserved = [
    ...away,
    ...unreadable(apps),
    ...leftOut.map(({ definition }) => neverServed(definition)),
  ];
  const guarded = withHostGuards(
    services,
    unserved,
    made,
    (id) => apps.get(id)?.definition.policy ?? allowsAll,
  );
  return {
    services: new Map(guarded.services.map((service) => [service.definition.backend, service])),
    routes: made.routes,
    conflicts: [...conflicts, ...made.diagnostics, ...guarded.diagnostics],
    claims: made.winners,
    reserved,
    contested,
  };
}

/** Services that serve nothing since their labels are wrong: what can be read of them says what they guard. */
const unreadable = (apps: Apps): Away[] =>
  [...apps.values()].flatMap(({ definition: { ports } }) =>
    ports.flatMap((port) =>
      port.kind === 'rejected' && port.guarding !== undefined ? [neverServed(port.guarding)] : [],
    ),
  );

const inOrder = ({ definition: a }: Service, { definition: b }: Service): number =>
  byCodePoint(a.name, b.name) || a.portIndex - b.portIndex || byCodePoint(a.appId, b.appId);

const candidatesOf = (apps: Apps): Service[] =>
  [...apps.values()].flatMap(({ ports }) => ports.flatMap(({ service }) => service ?? [])).sort(inOrder);

/** An app whose id is the name comes before a deployment group of that name. */
const ownNameFirst: Rank = (a, b) => Number(b.name === b.appId) - Number(a.name === a.appId);

/** The services whose backend name another service has → that service. */
function backendLosers(
  candidates: readonly Service[],
  order: Precedence,
): ReadonlyMap<ServiceDefinition, ServiceDefinition> {
  const seen = new Set(candidates.map(({ definition }) => definition.backend));
  if (seen.size === candidates.length) return new Map();
  const contests = createContests(order);
  for (const { definition } of candidates) contests.enter(backendClaim(definition), definition, ownNameFirst);
  return new Map(
    candidates.flatMap(({ definition }) => {
      const winner = contests.winners.get(backendClaim(definition));
      return winner === undefined || winner === definition ? [] : [[definition, winner] as const];
    }),
  );
}

/** The candidates as they may serve, and those that may not serve at all. */
function withoutRejected(
  candidates: readonly Service[],
  rejected: RejectedServices,
  conflicts: Diagnostic[],
): { candidates: Service[]; reserved: ServiceDefinition[]; away: Away[] } {
  const reserved: ServiceDefinition[] = [];
  const away: Away[] = [];
  const served = candidates.flatMap((candidate) => {
    const rejection = rejectionOf(candidate, rejected);
    if (rejection === undefined) return [candidate];
    conflicts.push(rejection.diagnostic);
    if (rejection.only !== undefined) return [asRejected(candidate, rejection)];
    const instead = insteadOf(rejection);
    if (instead === undefined) {
      reserved.push(candidate.definition);
      const { definition } = candidate;
      const { before } = rejection;
      away.push(before === undefined ? neverServed(definition) : { claimant: definition, before });
      return [];
    }
    conflicts.push(keptNotice(rejection.diagnostic.appId, instead.portIndex));
    return [asRejected(candidate, rejection)];
  });
  return { candidates: served, reserved, away };
}

/** If a limit allows fewer services, those that served before come first, then older ones. */
function withinLimits(
  services: readonly Service[],
  apps: Apps,
  order: Precedence,
): { services: readonly Service[]; diagnostics: Diagnostic[] } {
  const limitsOf = ({ appId }: ServiceDefinition) =>
    serviceLimits(apps.get(appId)?.definition.policy ?? allowsAll, appId);
  if (!services.some(({ definition }) => limitsOf(definition).length > 0))
    return { services, diagnostics: [] };
  const counted = new Map<string, number>();
  const beyond = new Map<Service, PolicyRule<'maxServices'>>();
  for (const service of [...services].sort((a, b) =>
    order.compare(a.definition, b.definition, backendClaim),
  )) {
    const limits = limitsOf(service.definition);
    const reached = limits.find(({ prefix, value }) => (counted.get(prefix) ?? 0) >= value);
    if (reached !== undefined) beyond.set(service, reached);
    else for (const { prefix } of limits) counted.set(prefix, (counted.get(prefix) ?? 0) + 1);
  }
  const diagnostics = services.flatMap((service) => {
    const limit = beyond.get(service);
    return limit === undefined ? [] : tooManyServices(service.definition, limit);
  });
  return { services: services.filter((service) => !beyond.has(service)), diagnostics };
}
