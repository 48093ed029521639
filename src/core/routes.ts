/** Which requests lead to which backend: the tables that become HAProxy's maps. */
import type { Diagnostic } from './diagnostic.ts';
import { byCodePoint, type BackendName } from './ids.ts';
import { routeRules, ruledServices, type AppIdRule, type RouteRule } from './routes-rules.ts';
import type { Service, ServiceDefinition } from './service.ts';
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

/**
 * The routes of services in the order of their claim (app id, then port): where two claim the same,
 * the first has it and the other gets a diagnostic that names the winner.
 */
export function deriveRoutes(services: readonly Service[]): { routes: Routes; diagnostics: Diagnostic[] } {
  const tables = new Map<
    string,
    { weight: number; kind: RouteKind; entries: Map<string, ServiceDefinition> }
  >();
  const table = (weight: number, kind: RouteKind) => {
    const name = `${weight} ${kind}`;
    const known = tables.get(name) ?? { weight, kind, entries: new Map<string, ServiceDefinition>() };
    tables.set(name, known);
    return known.entries;
  };
  for (const { weight, kind } of standing) table(weight, kind);

  const ruled = ruledServices(services);
  const diagnostics: Diagnostic[] = [];
  const appIdRules: AppIdRule[] = [];
  const appIds = new Map<string, BackendName>();
  const owners = ownersOf(services);
  for (const { definition } of services) {
    const owner = owners.get(definition.name);
    if (definition.mode === 'http' && owner !== undefined && definition.name !== definition.appId)
      diagnostics.push(lostName(definition, owner));
    else if (definition.mode === 'http' && !appIds.has(definition.name)) {
      appIds.set(definition.name, definition.backend);
      const rule = definition.fragments?.appIdRule;
      if (rule !== undefined) appIdRules.push({ backend: definition.backend, ...rule });
    }
    // Templates may share a host among services, by a header or a cookie.
    if (definition.fragments?.rules !== undefined) continue;
    for (const { kind, key } of claimsOf(definition)) {
      const entries = table(definition.weight, kind);
      const winner = entries.get(key);
      if (winner === undefined) entries.set(key, definition);
      else if (winner !== definition) diagnostics.push(lostRoute(definition, key, winner));
    }
  }
  const { tls, diagnostics: tlsDiagnostics } = deriveTlsRoutes(services);
  return {
    routes: {
      tls,
      tables: [...tables.values()]
        .sort((a, b) => b.weight - a.weight || routeKinds.indexOf(a.kind) - routeKinds.indexOf(b.kind))
        .map(({ weight, kind, entries }) => {
          const mapped = [...entries].filter(([, definition]) => !ruled.has(definition));
          return {
            ...{ weight, kind },
            entries: sortedEntries(mapped.map(([key, { backend }]) => ({ key, backend }))),
            hasWildcards: mapped.some(([key]) => key.startsWith('.')),
          };
        })
        .filter(({ weight, kind, entries }) => entries.length > 0 || isStanding(weight, kind)),
      appIds: sortedEntries(
        [...appIds]
          .filter(([, backend]) => !appIdRules.some((rule) => rule.backend === backend))
          .map(([key, backend]) => ({ key, backend })),
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
    diagnostics: [...diagnostics, ...tlsDiagnostics],
  };
}

/** By id: apps that go by their own ids. A group of that name may not draw what is asked of the app. */
function ownersOf(services: readonly Service[]): ReadonlyMap<string, ServiceDefinition> {
  const owners = new Map<string, ServiceDefinition>();
  for (const { definition } of services) {
    const { mode, name, appId } = definition;
    if (mode === 'http' && name === appId && !owners.has(name)) owners.set(name, definition);
  }
  return owners;
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

function lostName({ name, appId, portIndex }: ServiceDefinition, owner: ServiceDefinition): Diagnostic {
  return {
    ...({ code: 'ROUTE_CONFLICT', severity: 'error', appId, portIndex } as const),
    label: 'HAPROXY_DEPLOYMENT_GROUP',
    reason: `requests for the app id ${name} lead to the app of that id (port ${owner.portIndex}), not to a group of its name`,
    remedy: `give the group another name, or give ${name} the label HAPROXY_DEPLOYMENT_GROUP too`,
  };
}

function lostRoute(loser: ServiceDefinition, key: string, winner: ServiceDefinition): Diagnostic {
  const { appId, portIndex } = loser;
  const place = key.startsWith('.') ? `*${key}` : key;
  return {
    code: 'ROUTE_CONFLICT',
    severity: 'error',
    appId,
    portIndex,
    label: `HAPROXY_${portIndex}_VHOST`,
    reason: `${place} already leads to ${winner.appId} port ${winner.portIndex}`,
    remedy: 'choose another host or path, or give one of them a larger HAPROXY_<n>_BACKEND_WEIGHT',
  };
}
