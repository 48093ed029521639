/**
 * The text of backends where some of them are spare: which sections there are depends on the placement, what is in
 * them on the services. Both maps name backends as HAProxy has them.
 */
import { carriersOf, type Placement } from '../core/plan/placement.ts';
import { byCodePoint, type BackendName } from '../core/model/ids.ts';
import type { RouteEntry } from '../core/routing/routes.ts';
import type { Body, Part } from './line-owners.ts';
import { checksMap, redirectsMap, sparesMap } from './maps.ts';

export interface PlacedSection {
  readonly line: Buffer;
  readonly servers: Buffer;
  readonly serversDigest: string;
  /** Undefined for one that serves nobody. */
  readonly service: BackendName | undefined;
}

const noServers = Buffer.alloc(0);

/** The sections in the order of the text. Every part has a backend in `placement`. */
export function placedSections(placement: Placement, parts: readonly Part[]): PlacedSection[] {
  const byOwn = new Map(parts.map((it) => [it.service.definition.backend, it.part]));
  const sections = [...placement.layout].map(([backend, profile]): PlacedSection => {
    const own = placement.held.get(backend)?.own;
    const part = own === undefined ? undefined : byOwn.get(own);
    if (own !== undefined) byOwn.delete(own);
    return {
      line: Buffer.from(`\nbackend ${backend} from ${profile}\n`),
      servers: part?.servers ?? noServers,
      serversDigest: part?.serversDigest ?? '',
      service: part === undefined ? undefined : own,
    };
  });
  const [homeless] = byOwn.keys();
  if (homeless !== undefined) throw new Error(`no backend was found for ${homeless}`);
  return sections;
}

export const bodiesOfSections = (sections: readonly PlacedSection[]): Body[] =>
  sections.flatMap(({ line, servers, service }) => [
    { text: line, backend: service },
    { text: servers, backend: service },
  ]);

/** What differs from app to app of one profile, and who is where. */
export function valueMaps(placement: Placement, parts: readonly Part[]): Map<string, readonly RouteEntry[]> {
  const carriers = carriersOf(placement);
  const at = (own: BackendName) => carriers.get(own) ?? own;
  const served = new Set(parts.map(({ service }) => service.definition.backend));
  const checks = parts.flatMap(({ service, part }): RouteEntry[] =>
    part.checkPath === undefined || part.checkPath === '/'
      ? []
      : [{ key: at(service.definition.backend), backend: part.checkPath as BackendName }],
  );
  const spares = [...carriers].flatMap(([own, backend]): RouteEntry[] =>
    served.has(own) ? [{ key: backend, backend: own }] : [],
  );
  return new Map([
    [checksMap, sorted(checks)],
    [sparesMap, sorted(spares)],
  ]);
}

const sorted = (entries: RouteEntry[]): RouteEntry[] => entries.sort((a, b) => byCodePoint(a.key, b.key));

/** The same maps with the names that backends have in HAProxy. */
export function asCarried(
  maps: ReadonlyMap<string, readonly RouteEntry[]>,
  placement: Pick<Placement, 'held'>,
): ReadonlyMap<string, readonly RouteEntry[]> {
  const carriers = carriersOf(placement);
  if (carriers.size === 0) return maps;
  const renamed = (name: string, { key, backend }: RouteEntry): RouteEntry => ({
    key: name === redirectsMap ? (carriers.get(key as BackendName) ?? key) : key,
    backend: carriers.get(backend) ?? backend,
  });
  return new Map(
    [...maps].map(([name, entries]) => [
      name,
      entries.some(({ backend }) => carriers.has(backend))
        ? entries.map((entry) => renamed(name, entry))
        : entries,
    ]),
  );
}

/** What a configuration that Pacer wrote declares, read from its text. */
export function placementIn(text: string): Placement {
  const profiles = new Map<string, string>();
  const layout = new Map<BackendName, string>();
  for (const [section, name = ''] of text.matchAll(
    /\ndefaults (pacer_profile_[0-9a-f]+) from pacer_base\n[^]*?(?=\n(?:defaults|backend) |$)/g,
  ))
    profiles.set(name, section);
  for (const [, name = '', profile = ''] of text.matchAll(
    /\nbackend (\S+) from (pacer_profile_[0-9a-f]+)\n/g,
  ))
    layout.set(name as BackendName, profile);
  return { layout, profiles, held: new Map() };
}
