/** The map files, beside the configuration, with the names that tools know. */
import type { RouteEntry, RouteTable, Routes } from '../core/routes.ts';

/** `domain2backend.map` and `path2backend.map` at their usual weights (0 and 1), else with kind and weight in the name. */
export function mapName({ kind, weight }: Pick<RouteTable, 'kind' | 'weight'>): string {
  const base = kind === 'host' ? 'domain2backend' : 'path2backend';
  const flavour = kind === 'host' || kind === 'begin' ? '' : `.${kind}`;
  const usual = kind === 'host' ? 0 : 1;
  return `${base}${flavour}${weight === usual ? '' : `.weight${weight}`}.map`;
}

/** Relative file name → text. */
export function renderMaps(routes: Routes): Map<string, string> {
  const files = new Map(routes.tables.map((table) => [mapName(table), lines(table.entries)]));
  files.set(
    'app2backend.map',
    lines(routes.appIds.map(({ key, backend }) => ({ key: key.toLowerCase(), backend }))),
  );
  files.set('redirect2https.map', lines(routes.redirects.map((backend) => ({ key: backend, backend }))));
  return files;
}

const lines = (entries: readonly RouteEntry[]): string =>
  entries.map(({ key, backend }) => `${key} ${backend}\n`).join('');
