/**
 * Backends that can be added while HAProxy runs. `add backend` takes nothing but the name of a defaults section, so
 * all that such a backend says beside its servers stands in one, its profile, which backends of one kind share.
 * [haproxy] management.txt 3.4 9.3 "add backend"
 */
import { createHash } from 'node:crypto';
import { byCodePoint, type BackendName } from '../core/model/ids.ts';
import type { ServiceDefinition } from '../core/model/service.ts';
import type { Placement } from '../core/plan/placement.ts';
import type { RouteEntry } from '../core/routing/routes.ts';

export interface Profile {
  readonly name: string;
  readonly text: string;
}

/** How HAProxy gets backends for new services while it runs: it adds them, or it has spare ones. */
export type BackendPool = AddedBackends | SpareBackends;

/** The backends that HAProxy may get and lose while it runs. */
export interface AddedBackends {
  readonly kind: 'added';
  /** 32 hex digits. */
  readonly digest: string;
  /** Backend → the name of its profile. */
  readonly profiles: ReadonlyMap<BackendName, string>;
}

/** The backends that it has, and who is served by which. */
export interface SpareBackends {
  readonly kind: 'spares';
  readonly placement: Placement;
  /** File name → entries, of the maps that a backend's checks and a Pacer that starts look into. */
  readonly values: ReadonlyMap<string, readonly RouteEntry[]>;
}

/**
 * Takes a backend's section apart: its profile, and the one line that is left of it.
 * @param serverOptions what all its servers have: another backend with this profile has them too
 */
export function profileOf(
  { backend }: ServiceDefinition,
  section: string,
  serverOptions: string,
): { readonly profile: Profile; readonly line: string } {
  const head = `\nbackend ${backend}\n`;
  if (!section.startsWith(head)) throw new Error(`no section of a backend alone: ${section.slice(0, 80)}`);
  const body = section.slice(head.length);
  const digest = createHash('sha256').update(body).update('\0').update(serverOptions).digest('hex');
  const name = `pacer_profile_${digest.slice(0, 16)}`;
  return {
    profile: { name, text: `\ndefaults ${name} from pacer_base\n${body}` },
    line: `\nbackend ${backend} from ${name}\n`,
  };
}

/** Each profile once, sorted by name. */
export function distinctProfiles(profiles: Iterable<Profile>): Profile[] {
  const byName = new Map([...profiles].map((profile) => [profile.name, profile]));
  return [...byName.values()].sort((a, b) => byCodePoint(a.name, b.name));
}

export function poolOf(profiles: ReadonlyMap<BackendName, string>): AddedBackends {
  const hash = createHash('sha256');
  for (const [backend, profile] of [...profiles].sort(([a], [b]) => byCodePoint(a, b)))
    hash.update(`${backend} ${profile}\n`);
  return { kind: 'added', digest: hash.digest('hex').slice(0, 32), profiles };
}
