/** Which requests lead to which backend: the tables that become HAProxy's maps. */
import type { Precedence } from '../ownership/precedence.ts';
import { createContests, type Contest, type Rank } from '../ownership/contests.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { byCodePoint, type BackendName } from '../model/ids.ts';
import { routeRules, ruledServices, type AppIdRule, type RouteRule } from './routes-rules.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';
import { deriveTlsRoutes, type TlsRoutes } from './tls-routes.ts';

/** The kinds of look-up of one weight, in the order they are tried for a host. */
export const routeKinds = ['exact', 'exact-i', 'begin', 'begin-i', 'host'] as const;
export type RouteKind = (typeof routeKinds)[number];

export interface RouteTable {
  readonly weight: number;
  readonly kind: RouteKind;
  /** `host` or `host/path`; a wildcard host begins with a dot. Sorted by key. */
  readonly entries: readonly RouteEntry[];
  readonly hasWildcards: boolean;
}

export interface RouteEntry {
  readonly key: string;
  readonly backend: BackendName;
}

export interface Routes {
  /** From the largest weight to the smallest, and within a weight in the order of `routeKinds`. */
  readonly tables: readonly RouteTable[];
  /** App id, or deployment group → its first http service. Sorted by key. */
  readonly appIds: readonly RouteEntry[];
  /** Backends whose vhosts redirect from http to https, sorted. */
  readonly redirects: readonly BackendName[];
  /** Of the services that are not in the tables, in the order they are tried. */
  readonly rules: readonly RouteRule[];
  /** Of the apps that are not in `appIds`. */
  readonly appIdRules: readonly AppIdRule[];
  readonly tls: TlsRoutes;
}

/** The tables that are there even when empty, so that a first route needs no new line of configuration. */
const standing: readonly { weight: number; kind: RouteKind }[] = [
  { weight: 1, kind: 'begin' },
  { weight: 0, kind: 'host' },
];

const isStanding = (weight: number, kind: RouteKind): boolean =>
  standing.some((table) => table.weight === weight && table.kind === kind);

/** Claims of services that do not serve now, and had them: nobody else gets them meanwhile. */
export type Reserved = readonly ServiceDefinition[];

export interface RoutesMade {
  readonly routes: Routes;
  readonly diagnostics: readonly Diagnostic[];
  /** Claim → the service that has it. */
  readonly winners: ReadonlyMap<string, ServiceDefinition>;
  readonly contested: readonly Contest[];
}

export const idClaim = (name: string): string => `id ${name}`;
export const routeClaim = (weight: number, { kind, key }: Claim): string => `route ${weight} ${kind} ${key}`;
const keyOf = (claim: string): string => claim.replace(/^route \S+ \S+ /, '');

/** Requests for an app id lead to the app of that id: a group of its name may not draw them. */
const ownIdFirst: Rank = (a, b) => Number(b.name === b.appId) - Number(a.name === a.appId);

/**
 * The routes of services. Where two claim the same, `order` says who has it, and the other gets a diagnostic that
 * names the winner.
 *
 * @param services in the order of app id and port
 */
export function deriveRoutes(
  services: readonly Service[],
  order: Precedence,
  reserved: Reserved = [],
): RoutesMade {
  const contests = createContests(order);
  const tables = new Map<string, { weight: number; kind: RouteKind; keys: Map<string, string> }>();
  const table = (weight: number, kind: RouteKind) => {
    const name = `${weight} ${kind}`;
    const known = tables.get(name) ?? { weight, kind, keys: new Map<string, string>() };
    tables.set(name, known);
    return known.keys;
  };
  for (const { weight, kind } of standing) table(weight, kind);

  for (const { definition } of services) {
    if (definition.mode === 'http') contests.enter(idClaim(definition.name), definition, ownIdFirst);
    for (const { name, kind, key } of mappedClaims(definition)) {
      contests.enter(name, definition);
      table(definition.weight, kind).set(key, name);
    }
  }
  for (const definition of reserved)
    for (const { name } of mappedClaims(definition))
      if (order.owns(definition, name)) contests.enter(name, definition);

  const isAway = new Set(reserved);
  const ruled = ruledServices(services);
  const mapped = ({ keys }: { keys: ReadonlyMap<string, string> }) =>
    [...keys].flatMap(([key, claim]) => {
      const definition = contests.winners.get(claim);
      const isMapped = definition !== undefined && !ruled.has(definition) && !isAway.has(definition);
      return isMapped ? [{ key, backend: definition.backend }] : [];
    });
  const byId = services.filter(
    ({ definition }) => contests.winners.get(idClaim(definition.name)) === definition,
  );
  const appIdRules = byId.flatMap(({ definition: { backend, fragments } }): AppIdRule[] =>
    fragments?.appIdRule === undefined ? [] : [{ backend, ...fragments.appIdRule }],
  );
  const tls = deriveTlsRoutes(services, order);
  const winners = tls.winners.size === 0 ? contests.winners : new Map([...contests.winners, ...tls.winners]);
  const losses = contests.losses();
  const lost = services.flatMap(({ definition }) =>
    (losses.get(definition) ?? []).flatMap((claim) => {
      const winner = contests.winners.get(claim);
      return winner === undefined ? [] : lostClaim(definition, claim, winner, isAway.has(winner));
    }),
  );
  return {
    routes: {
      tls: tls.tls,
      tables: [...tables.values()]
        .sort((a, b) => b.weight - a.weight || routeKinds.indexOf(a.kind) - routeKinds.indexOf(b.kind))
        .map((it) => {
          const entries = sortedEntries(mapped(it));
          const hasWildcards = entries.some(({ key }) => key.startsWith('.'));
          return { weight: it.weight, kind: it.kind, entries, hasWildcards };
        })
        .filter(({ weight, kind, entries }) => entries.length > 0 || isStanding(weight, kind)),
      appIds: sortedEntries(
        byId
          .filter(({ definition: { fragments } }) => fragments?.appIdRule === undefined)
          .map(({ definition: { name, backend } }) => ({ key: name, backend })),
      ),
      rules: routeRules(ruled),
      appIdRules,
      redirects: services
        .filter(
          ({ definition: { redirectToHttps, fragments } }) =>
            redirectToHttps && fragments?.rules?.redirectsItself !== true,
        )
        .map(({ definition }) => definition.backend)
        .sort(byCodePoint),
    },
    diagnostics: [...lost, ...tls.diagnostics],
    winners,
    contested: [...contests.contested(), ...tls.contested],
  };
}

interface NamedClaim extends Claim {
  readonly name: string;
}

const named = new WeakMap<ServiceDefinition, readonly NamedClaim[]>();

/** Templates may share a host among services, by a header or a cookie: such a service claims none. */
function mappedClaims(definition: ServiceDefinition): readonly NamedClaim[] {
  const known = named.get(definition);
  if (known !== undefined) return known;
  const claims = definition.fragments?.rules === undefined ? claimsOf(definition) : [];
  const made = claims.map((claim) => ({ ...claim, name: routeClaim(definition.weight, claim) }));
  named.set(definition, made);
  return made;
}

function sortedEntries(entries: RouteEntry[]): RouteEntry[] {
  return entries.sort((a, b) => byCodePoint(a.key, b.key));
}

/** What a service asks for: an entry of the table of its weight. */
export interface Claim {
  readonly kind: RouteKind;
  readonly key: string;
}

/**
 * The keys a service claims. A path of whole segments is two look-ups: the path itself, and everything
 * that begins with it and a slash.
 */
export function claimsOf(definition: Pick<ServiceDefinition, 'vhosts' | 'path'>): Claim[] {
  const { path } = definition;
  return definition.vhosts.flatMap((vhost): Claim[] => {
    const host = vhost.startsWith('*.') ? vhost.slice(1) : vhost;
    if (path === undefined) return [{ kind: 'host', key: host }];
    const [exact, begin] = path.ignoreCase
      ? (['exact-i', 'begin-i'] as const)
      : (['exact', 'begin'] as const);
    return path.paths.flatMap((text): Claim[] => {
      const key = `${host}${path.ignoreCase ? text.toLowerCase() : text}`;
      if (path.type === 'begin') return [{ kind: begin, key }];
      if (path.type === 'exact') return [{ kind: exact, key }];
      const whole = key.replace(/\/+$/, '');
      const root = whole === host;
      return root
        ? [{ kind: begin, key: `${whole}/` }]
        : [
            { kind: exact, key: whole },
            { kind: begin, key: `${whole}/` },
          ];
    });
  });
}

function lostClaim(
  loser: ServiceDefinition,
  claim: string,
  winner: ServiceDefinition,
  isAway: boolean,
): Diagnostic[] {
  if (claim.startsWith('route ')) return [lostRoute(loser, keyOf(claim), winner, isAway)];
  // Of one app's ports, or of one group's, the first has the id.
  return winner.name === winner.appId && loser.name !== loser.appId ? [lostName(loser, winner)] : [];
}

function lostName({ name, appId, portIndex }: ServiceDefinition, owner: ServiceDefinition): Diagnostic {
  return {
    ...({ code: 'ROUTE_CONFLICT', severity: 'error', appId, portIndex } as const),
    label: 'HAPROXY_DEPLOYMENT_GROUP',
    reason: `requests for the app id ${name} lead to the app of that id (port ${owner.portIndex}), not to a group of its name`,
    remedy: `give the group another name, or give ${name} the label HAPROXY_DEPLOYMENT_GROUP too`,
  };
}

/** `*.example.com/api`, as the app's labels have it. */
export const shownKey = (key: string): string => (key.startsWith('.') ? `*${key}` : key);

function lostRoute(
  loser: ServiceDefinition,
  key: string,
  winner: ServiceDefinition,
  isAway: boolean,
): Diagnostic {
  const { appId, portIndex } = loser;
  const place = shownKey(key);
  return {
    code: 'ROUTE_CONFLICT',
    severity: 'error',
    appId,
    portIndex,
    label: `HAPROXY_${portIndex}_VHOST`,
    reason: isAway
      ? `${place} belongs to ${winner.appId} port ${winner.portIndex}, which is rejected at present`
      : `${place} already leads to ${winner.appId} port ${winner.portIndex}`,
    remedy: 'choose another host or path, or give one of them a larger HAPROXY_<n>_BACKEND_WEIGHT',
  };
}
