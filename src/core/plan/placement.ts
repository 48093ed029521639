/**
 * Which backend of HAProxy serves which service, where HAProxy adds no backend at runtime: mostly the one of the
 * service's own name, else a spare one that the last configuration declared for its profile. Pure.
 */
import { byCodePoint, type AppId, type BackendName } from '../model/ids.ts';

/** Who is served by a backend. */
export interface Holder {
  /** The backend's name that the service would have of its own. */
  readonly own: BackendName;
  /** What the service goes by; undefined where only its backend is known, after a restart. */
  readonly name: AppId | undefined;
}

export interface Placement {
  /** Every backend that the configuration makes from a profile → the profile's name, in the order of the text. */
  readonly layout: ReadonlyMap<BackendName, string>;
  /** Name → the text of the section. */
  readonly profiles: ReadonlyMap<string, string>;
  /** Of `layout`, who is served by it. What is not in here is free. */
  readonly held: ReadonlyMap<BackendName, Holder>;
}

/** A service that may be served by any backend of its profile. */
export interface Placeable {
  readonly own: BackendName;
  readonly name: AppId;
  readonly profile: string;
  /** Deploy tools look for its backend by name. */
  readonly keepsName: boolean;
  /** Its listener leads to the backend of its own name. */
  readonly listens: boolean;
}

const sparePrefix = 'pacer_spare_';

/** `pacer_profile_<digest>` → `pacer_spare_<digest>_<n>`. */
const spareName = (profile: string, n: number): BackendName =>
  `${sparePrefix}${profile.replace(/^.*_/, '')}_${n}` as BackendName;

export const isSpare = (backend: string): boolean => backend.startsWith(sparePrefix);

/** The services that are served under another name than their own: own name → the backend that serves it. */
export function carriersOf({ held }: Pick<Placement, 'held'>): Map<BackendName, BackendName> {
  const carriers = new Map<BackendName, BackendName>();
  for (const [backend, { own }] of held) if (own !== backend) carriers.set(own, backend);
  return carriers;
}

/** What the status says of it. */
export interface SparesInUse {
  /** The services in spare backends: own name → the name in HAProxy. */
  readonly carriers: ReadonlyMap<BackendName, BackendName>;
  readonly free: number;
}

const inUse = new WeakMap<Placement, SparesInUse>();

export function sparesInUse(placement: Placement | undefined): SparesInUse | undefined {
  if (placement === undefined) return undefined;
  const known = inUse.get(placement);
  if (known !== undefined) return known;
  const free = [...placement.layout.keys()].filter((it) => isSpare(it) && !placement.held.has(it));
  const made = { carriers: carriersOf(placement), free: free.length };
  inUse.set(placement, made);
  return made;
}

/** The name of a service's backend in HAProxy. */
export const inHaproxy = (spares: SparesInUse | undefined, own: BackendName): BackendName =>
  spares?.carriers.get(own) ?? own;

/**
 * As a reload makes it: every service under its own name, and spares for what may come.
 * @param count of spares, all profiles together
 * @param taken names that no spare may have
 */
export function freshPlacement(
  services: readonly Placeable[],
  profiles: Placement['profiles'],
  count: number,
  taken: ReadonlySet<BackendName>,
): Placement {
  const layout = new Map(services.map(({ own, profile }) => [own, profile]));
  for (const [profile, share] of sharesOf(services, count)) {
    for (let n = 1, left = share; left > 0; n++) {
      const name = spareName(profile, n);
      if (taken.has(name)) continue;
      layout.set(name, profile);
      left -= 1;
    }
  }
  return { layout, profiles, held: new Map(services.map(({ own, name }) => [own, { own, name }])) };
}

/** At least one spare for each profile while there are enough, and more for those that many have. */
function sharesOf(services: readonly Placeable[], count: number): [string, number][] {
  const uses = new Map<string, number>();
  let all = 0;
  for (const { profile, keepsName } of services) {
    if (keepsName) continue;
    uses.set(profile, (uses.get(profile) ?? 0) + 1);
    all += 1;
  }
  const inOrder = [...uses].sort(([a, m], [b, n]) => n - m || byCodePoint(a, b)).slice(0, count);
  const more = count - inOrder.length;
  const shares = inOrder.map(([profile, n]): [string, number] => [profile, 1 + Math.floor((more * n) / all)]);
  const [first] = shares;
  if (first !== undefined) first[1] += count - shares.reduce((sum, [, share]) => sum + share, 0);
  return shares;
}

export interface Placed {
  readonly placement: Placement;
  /** The services that are in no backend, which takes a reload. */
  readonly homeless: ReadonlySet<BackendName>;
}

/**
 * The same services and newcomers in the backends that HAProxy has. One of another profile than before moves. A
 * backend that serves somebody is nobody else's until the reload or until it has been let go.
 */
export function nextPlacement(before: Placement, services: readonly Placeable[]): Placed {
  const { layout, profiles } = before;
  const servedBy = new Map([...before.held].map(([backend, { own }]) => [own, backend]));
  const held = new Map<BackendName, Holder>();
  const newcomers: Placeable[] = [];
  const homeless = new Set<BackendName>();
  for (const service of services) {
    const { own, name, profile } = service;
    const backend = servedBy.get(own);
    // Another app whose backend has the same name.
    if (backend !== undefined && (before.held.get(backend)?.name ?? name) !== name) homeless.add(own);
    else if (backend !== undefined && layout.get(backend) === profile) held.set(backend, { own, name });
    else if (layout.get(own) === profile && !before.held.has(own)) held.set(own, { own, name });
    else newcomers.push(service);
  }
  if (newcomers.length > 0) {
    const free = new Map<string, BackendName[]>();
    for (const [backend, profile] of [...layout].reverse()) {
      if (!isSpare(backend) || before.held.has(backend) || held.has(backend)) continue;
      const known = free.get(profile);
      if (known === undefined) free.set(profile, [backend]);
      else known.push(backend);
    }
    for (const { own, name, profile, keepsName, listens } of newcomers) {
      const backend = keepsName || listens ? undefined : free.get(profile)?.pop();
      if (backend === undefined) homeless.add(own);
      else held.set(backend, { own, name });
    }
  }
  return { placement: sameHolders(before.held, held) ? before : { layout, profiles, held }, homeless };
}

const sameHolders = (a: Placement['held'], b: Placement['held']): boolean =>
  a.size === b.size &&
  [...a].every(([backend, { own, name }]) => {
    const other = b.get(backend);
    return other?.own === own && other.name === name;
  });

/** While routes still lead to what is to be let go: all that either has. Both have the same backends. */
export const withBefore = (next: Placement, before: Placement | undefined): Placement =>
  before === undefined || [...before.held.keys()].every((backend) => next.held.has(backend))
    ? next
    : { ...next, held: new Map([...before.held, ...next.held]) };
