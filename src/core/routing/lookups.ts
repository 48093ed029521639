/**
 * The look-ups that a request by host goes through: the first that finds something has it. HAProxy's configuration is
 * written from this list, and `pacer explain` walks it, so that both say the same.
 */
import type { RouteEntry, RouteKind, Routes, RouteTable } from './routes.ts';

/** What is looked up: the host, host and path, or the same below a host's first label. */
export type LookupKey = 'host' | 'url' | 'url_lower' | 'wild' | 'wild_url' | 'wild_url_lower';

export interface Lookup {
  readonly table: RouteTable;
  /** True where it is for hosts like `*.example.com`. */
  readonly wild: boolean;
  readonly key: LookupKey;
  /** `begin`: the longest entry that the key begins with. */
  readonly match: 'exact' | 'begin';
}

export interface RequestTarget {
  /** As a request's Host header has it. */
  readonly host: string;
  /** From the first slash, without the query. */
  readonly path: string;
}

/** From the largest weight to the smallest; within a weight every exact host comes before any wildcard. */
export function lookupsOf({ tables }: Routes): Lookup[] {
  const weights = new Set(tables.map(({ weight }) => weight));
  return [...weights].flatMap((weight) => {
    const alike = tables.filter((table) => table.weight === weight);
    const wild = alike.filter(({ hasWildcards }) => hasWildcards);
    return [...alike.map((table) => lookup(table, false)), ...wild.map((table) => lookup(table, true))];
  });
}

function lookup(table: RouteTable, wild: boolean): Lookup {
  return { table, wild, key: lookupKey(table.kind, wild), match: matchOf(table.kind) };
}

export const matchOf = (kind: RouteKind): Lookup['match'] => (kind.startsWith('begin') ? 'begin' : 'exact');

export function lookupKey(kind: RouteKind, wild: boolean): LookupKey {
  if (kind === 'host') return wild ? 'wild' : 'host';
  const key = wild ? 'wild_url' : 'url';
  return kind.endsWith('-i') ? `${key}_lower` : key;
}

/** The texts that are looked up, as HAProxy makes them. */
export function keysOf({ host: header, path }: RequestTarget): Record<LookupKey, string> {
  const host = hostOf(header);
  const wild = host.replace(/^[^.]+/, '');
  const lower = lowerCase(path);
  return {
    ...{ host, url: `${host}${path}`, url_lower: `${host}${lower}` },
    ...{ wild, wild_url: `${wild}${path}`, wild_url_lower: `${wild}${lower}` },
  };
}

/** A Host header without port and trailing dots, in lower case. [haproxy] configuration.txt 7.3.1 "host_only" */
export function hostOf(header: string): string {
  const value = header.split(',').at(-1)?.trim() ?? '';
  return lowerCase(value.replace(/:[^:\]]*$/, '')).replace(/\.+$/, '');
}

const lowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** The look-up that decides, with the entry that it finds; undefined where none finds anything. */
export function resolveRoute(
  routes: Routes,
  target: RequestTarget,
): { readonly lookup: Lookup; readonly entry: RouteEntry } | undefined {
  const keys = keysOf(target);
  for (const lookup of lookupsOf(routes)) {
    const entry = find(lookup, keys[lookup.key]);
    if (entry !== undefined) return { lookup, entry };
  }
  return undefined;
}

function find({ table, match }: Lookup, key: string): RouteEntry | undefined {
  if (match === 'exact') return table.entries.find((entry) => entry.key === key);
  let longest: RouteEntry | undefined;
  for (const entry of table.entries)
    if (key.startsWith(entry.key) && entry.key.length > (longest?.key.length ?? -1)) longest = entry;
  return longest;
}
