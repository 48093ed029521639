/** The map files, beside the configuration, with the names that tools know. */
import type { RouteEntry, RouteTable, Routes } from '../core/routing/routes.ts';

/** `domain2backend.map` and `path2backend.map` at their usual weights (0 and 1), else with kind and weight in the name. */
export function mapName({ kind, weight }: Pick<RouteTable, 'kind' | 'weight'>): string {
  const base = kind === 'host' ? 'domain2backend' : 'path2backend';
  const flavour = kind === 'host' || kind === 'begin' ? '' : `.${kind}`;
  const usual = kind === 'host' ? 0 : 1;
  return `${base}${flavour}${weight === usual ? '' : `.weight${weight}`}.map`;
}

/** Which TLS frontend a host has, where it is not that of all. */
export const sniMap = 'sni2frontend.map';

/** The hosts that each certificate of the HTTPS listener is for. */
export const certificateMap = 'certificates.map';

/** Which service each spare backend serves, by the name of its own. HAProxy holds it for a Pacer that starts. */
export const sparesMap = 'spares.map';

/** Backend → the path that is checked, where it is not `/`. */
export const checksMap = 'checks.map';

/** Its keys are backends, too. */
export const redirectsMap = 'redirect2https.map';

/** Relative file name → entries, every map of routes that the configuration looks up. */
export function mapsOf(routes: Routes, groupsHttps = false): Map<string, readonly RouteEntry[]> {
  const maps = new Map<string, readonly RouteEntry[]>(
    routes.tables.map((table) => [mapName(table), table.entries]),
  );
  maps.set(
    'app2backend.map',
    routes.appIds.map(({ key, backend }) => ({ key: key.toLowerCase(), backend })),
  );
  maps.set(
    redirectsMap,
    routes.redirects.map((backend) => ({ key: backend, backend })),
  );
  if (groupsHttps) maps.set(sniMap, routes.tls.entries);
  return maps;
}

export const mapText = (entries: readonly RouteEntry[]): string =>
  entries.map(({ key, backend }) => `${key} ${backend}\n`).join('');
