/**
 * What guards a host guards all of it: user and password, networks and the redirect to https of a claim hold for every
 * request that the claim covers, also where another service serves it, as rules in marathon-lb's frontends do.
 */
import { asAsked, withGuards } from '../services/narrowed.ts';
import { separatesTenants, sharesTenant, type Policy } from '../policy/policy.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { AppId } from '../model/ids.ts';
import type { Away } from './away.ts';
import { keysOf, type RequestTarget } from './lookups.ts';
import { claimsOf, routeClaim, shownKey, type Claim, type RoutesMade } from './routes.ts';
import type { GuardedPlace, HostGuard, Service, ServiceDefinition } from '../model/service.ts';
import { withDefinition } from '../services/with-definition.ts';

interface Keeper {
  readonly definition: ServiceDefinition;
  /** Whom its claims belong to. */
  readonly claimant: ServiceDefinition;
  readonly isAway: boolean;
  readonly claims: readonly GuardedPlace[];
}

/** @param policyOf by which an app is judged */
export function withHostGuards(
  services: readonly Service[],
  away: readonly Away[],
  { winners }: Pick<RoutesMade, 'winners'>,
  policyOf: (app: AppId) => Policy,
): { readonly services: readonly Service[]; readonly diagnostics: readonly Diagnostic[] } {
  const keepers = keepersByHost(services, away);
  const diagnostics: Diagnostic[] = [];
  const owners = new Map<string, ServiceDefinition | undefined>();
  const ownerOf = (host: string): ServiceDefinition | undefined => {
    if (!owners.has(host)) owners.set(host, hostOwner(host, services, away, winners));
    return owners.get(host);
  };
  /** Whoever has a host decides for all of it; anybody else for the apps of the own tenant. */
  const mayGuard = ({ claimant }: Keeper, place: GuardedPlace, guarded: ServiceDefinition): boolean => {
    const policy = policyOf(guarded.appId);
    return (
      !separatesTenants(policy) ||
      sharesTenant(policy, claimant.appId, guarded.appId) ||
      (place.kind === 'host' && ownerOf(place.key) === claimant)
    );
  };
  const guardsOf = (definition: ServiceDefinition): HostGuard[] => {
    const { mode, authScope, vhosts } = definition;
    if (keepers.size === 0 || mode !== 'http' || authScope === 'service') return [];
    if (!vhosts.some((host) => keepers.has(host.replace(/^\*/, '')))) return [];
    const isRuled = definition.fragments?.rules !== undefined;
    const own = claimsOf(definition).filter(
      (claim) => isRuled || winners.get(routeClaim(definition.weight, claim)) === definition,
    );
    const near = new Set(own.flatMap(({ key }) => keepers.get(hostIn(key)) ?? []));
    return [...near].flatMap((keeper) => {
      if (keeper.claimant === definition) return [];
      const covers = keeper.claims.filter(
        (place) =>
          own.some((claim) => meets(claim, definition.weight, place, keeper)) &&
          mayGuard(keeper, place, definition),
      );
      return guardOf(keeper, covers, definition);
    });
  };
  const guarded = services.map((service) => {
    const { definition } = service;
    const guards = guardsOf(definition);
    diagnostics.push(...guards.map((guard) => guardedBy(definition, guard)));
    const made = withGuards(definition, guards);
    return made === definition ? service : withDefinition(service, made);
  });
  return { services: guarded, diagnostics };
}

/** The guards of a service that a request for it meets. */
export function guardsOn({ guards }: ServiceDefinition, target: RequestTarget): readonly HostGuard[] {
  if (guards === undefined || guards.length === 0) return [];
  const keys = keysOf(target);
  const covers = ({ kind, key }: GuardedPlace): boolean => {
    const wild = key.startsWith('.');
    if (kind === 'host') return (wild ? keys.wild : keys.host) === key;
    const ignoresCase = kind.endsWith('-i');
    const url = ignoresCase ? keys[wild ? 'wild_url_lower' : 'url_lower'] : keys[wild ? 'wild_url' : 'url'];
    return kind.startsWith('exact') ? url === key : url.startsWith(key);
  };
  return guards.filter((guard) => guard.covers.some(covers));
}

function keepersByHost(
  services: readonly Service[],
  away: readonly Away[],
): ReadonlyMap<string, readonly Keeper[]> {
  const keepers = new Map<string, Keeper[]>();
  const add = (definition: ServiceDefinition, claimant: ServiceDefinition, isAway: boolean) => {
    const { auth, allowedNetworks, redirectToHttps, authScope } = definition;
    const asks = auth !== undefined || allowedNetworks.length > 0 || redirectToHttps;
    if (!asks || definition.mode !== 'http' || authScope === 'service') return;
    const claims = claimsOf(definition);
    const keeper = { definition, claimant, isAway, claims };
    const hosts = claims.map(({ key }) => hostIn(key));
    // A wildcard with a larger weight gets requests for the hosts below it.
    for (const host of new Set([...hosts, ...hosts.map(wildcardOf)])) {
      const known = keepers.get(host);
      if (known === undefined) keepers.set(host, [keeper]);
      else known.push(keeper);
    }
  };
  for (const { definition } of services) add(definition, definition, false);
  for (const { claimant, before } of away) add(asAsked(before), claimant, true);
  return keepers;
}

const hostIn = (key: string): string => key.replace(/\/.*$/s, '');

/** As the key of a wildcard has it. */
const wildcardOf = (host: string): string => host.replace(/^[^.]+/, '');

/** Who has the host without a path, at the largest weight. */
function hostOwner(
  host: string,
  services: readonly Service[],
  away: readonly Away[],
  winners: ReadonlyMap<string, ServiceDefinition>,
): ServiceDefinition | undefined {
  const all = [...services.map(({ definition }) => definition), ...away.map(({ claimant }) => claimant)];
  return all
    .filter((it) => winners.get(routeClaim(it.weight, { kind: 'host', key: host })) === it)
    .reduce<ServiceDefinition | undefined>(
      (first, it) => (first === undefined || it.weight > first.weight ? it : first),
      undefined,
    );
}

/** Whether a claim may get requests that are in the other one's place: larger weights and longer paths come first. */
function meets(
  own: Claim,
  ownWeight: number,
  place: GuardedPlace,
  { definition: { weight }, isAway }: Keeper,
): boolean {
  const theirHost = hostIn(place.key);
  const isWider = hostIn(own.key) !== theirHost;
  if (isWider && hostIn(own.key) !== wildcardOf(theirHost)) return false;
  // Of one weight each exact host comes before any wildcard, where it leads anywhere.
  if (ownWeight < weight || (isWider && ownWeight === weight && !isAway)) return false;
  if (place.kind === 'host') return true;
  const comesFirst = ownWeight > weight || isWider;
  if (own.kind === 'host') return comesFirst;
  const [mine, theirs] = [own, place].map(({ key }) => key.slice(hostIn(key).length).toLowerCase());
  if (mine === undefined || theirs === undefined) return false;
  const isOne = place.kind.startsWith('exact');
  if (own.kind.startsWith('exact')) return isOne ? mine === theirs : mine.startsWith(theirs);
  return (!isOne && mine.startsWith(theirs)) || (comesFirst && theirs.startsWith(mine));
}

/** What is left to ask where the service has its own. */
function guardOf(
  { definition, isAway }: Keeper,
  covers: readonly GuardedPlace[],
  guarded: ServiceDefinition,
): HostGuard[] {
  const { appId, portIndex, backend, auth, fragments, allowedNetworks, path } = definition;
  const rules = fragments?.rules;
  const ownRules = { http: rules?.http.replaced === true, https: rules?.https.replaced === true };
  const asks = auth !== undefined && guarded.auth === undefined && !(ownRules.http && ownRules.https);
  // Of these marathon-lb has none but in the backend, so none of them is about a part of the host.
  const isWhole = path === undefined && rules === undefined;
  const networks = isWhole && guarded.allowedNetworks.length === 0 ? allowedNetworks : [];
  const redirects = definition.redirectToHttps && !guarded.redirectToHttps && rules?.redirectsItself !== true;
  if (covers.length === 0 || !(asks || redirects || networks.length > 0)) return [];
  return [
    {
      ...{ appId, portIndex, backend, covers, networks, redirects },
      realm: asks ? auth.realm : undefined,
      asksOn: ownRules.http ? 'https' : ownRules.https ? 'http' : 'both',
      ...(isAway && asks && { away: definition }),
    },
  ];
}

function guardedBy({ appId, portIndex }: ServiceDefinition, guard: HostGuard): Diagnostic {
  const labels = guardLabels(guard);
  const places = guard.covers.map(({ key }) => shownKey(key)).join(', ');
  const own = `HAPROXY_${portIndex}_`;
  return {
    code: 'HOST_GUARDED',
    severity: 'notice',
    ...{ appId, portIndex },
    label: `${own}VHOST`,
    reason: `${guard.appId} port ${guard.portIndex} claims ${places}, so its ${listed(labels)} ${labels.length > 1 ? 'hold' : 'holds'} for this service there too`,
    remedy: `nothing, if that is meant, as in marathon-lb; else set ${own}AUTH_SCOPE to service, or give the service its own`,
  };
}

/** The labels that ask it. */
export function guardLabels({ portIndex, realm, networks, redirects }: HostGuard): string[] {
  return [
    ...(realm === undefined ? [] : [`HAPROXY_${portIndex}_AUTH`]),
    ...(networks.length === 0 ? [] : [`HAPROXY_${portIndex}_BACKEND_NETWORK_ALLOWED_ACL`]),
    ...(redirects ? [`HAPROXY_${portIndex}_REDIRECT_TO_HTTPS`] : []),
  ];
}

const listed = (labels: readonly string[]): string =>
  labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} and ${labels.at(-1) ?? ''}`;
