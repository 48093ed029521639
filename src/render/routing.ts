/**
 * The rules that lead requests to backends: look-ups in maps, from the largest weight to the smallest, and among
 * them the rules of services that are not in the maps.
 */
import { lookupsOf } from '../core/routing/lookups.ts';
import type { RouteRule } from '../core/routing/routes-rules.ts';
import type { Routes } from '../core/routing/routes.ts';
import type { RuleLines } from '../core/model/replaced.ts';
import { mapName } from './maps.ts';

interface Lookup {
  readonly variable: string;
  readonly converter: 'map_str' | 'map_beg';
  readonly map: string;
  readonly first: boolean;
  readonly line: false;
}

/** A whole line, where it is not a look-up in a map. */
interface Line {
  readonly line: string;
}

const notFound = '!{ var(txn.pacer_backend) -m found }';

/** @param hostLookUp a template's look-up of hosts, instead of the one in domain2backend.map */
export function routingData(
  routes: Routes,
  port: 'http' | 'https',
  hostLookUp: readonly string[] | undefined,
) {
  const steps: (Lookup | Line)[] = [];
  const late: string[] = [];
  let snapshots = 0;
  let isNew = false;
  const step = (entry: Lookup | Line) => {
    steps.push(entry);
    isNew = true;
  };
  const rule = ({ backend, ...rules }: RouteRule) => {
    const { leadsHereIf, uses } = rules[port];
    if (leadsHereIf !== undefined)
      step({ line: `http-request set-var(txn.pacer_backend) str(${backend}) if ${leadsHereIf} ${notFound}` });
    if (uses.length === 0) return;
    if (isNew) {
      // use_backend lines are read after all look-ups: what was found before them is kept apart.
      snapshots += 1;
      const kept = `txn.pacer_backend_${snapshots}`;
      steps.push({ line: `http-request set-var(${kept}) var(txn.pacer_backend)` });
      late.push(`use_backend %[var(${kept})] if { var(${kept}) -m found }`);
      isNew = false;
    }
    late.push(...uses);
  };
  const weights = [...routes.tables, ...routes.rules].map(({ weight }) => weight);
  const lookups = lookupsOf(routes);
  for (const weight of [...new Set(weights)].sort((a, b) => b - a)) {
    for (const { table, key, match, wild } of lookups.filter((it) => it.table.weight === weight)) {
      const map = mapName(table);
      const replaced = hostLookUp !== undefined && map === 'domain2backend.map' && !wild;
      if (replaced) for (const line of hostLookUp) step({ line });
      else {
        const converter = match === 'begin' ? 'map_beg' : 'map_str';
        step({ variable: `txn.pacer_${key}`, converter, map, first: steps.length === 0, line: false });
      }
    }
    for (const entry of routes.rules) if (entry.weight === weight) rule(entry);
  }
  const own = routes.rules.map((entry) => entry[port]);
  return {
    steps,
    before: own.flatMap(({ before }) => before),
    redirects: own.flatMap(({ redirects }) => redirects),
    uses: late,
    hasWildcards: routes.tables.some((table) => table.hasWildcards),
    ignoresCase: routes.tables.some(({ kind }) => kind === 'exact-i' || kind === 'begin-i'),
  };
}

/** The rules of app ids that are not in the map, before the look-up in it. */
export function appIdData(rules: readonly RuleLines[]) {
  return {
    before: rules.flatMap(({ before }) => before),
    redirects: rules.flatMap(({ redirects }) => redirects),
    uses: rules.flatMap(({ uses }) => uses),
  };
}
