/** What this daemon last brought HAProxy to: which passes need look only at what changed since. */
import { descriptorsOf } from '../core/capacity.ts';
import { withPartners, type MirrorDelta } from '../core/derive-changed.ts';
import { asHeld, holdOf, type Desired } from '../core/desired.ts';
import type { BackendName } from '../core/ids.ts';
import { withReplaced } from '../core/replaced-map.ts';
import type { Service } from '../core/service.ts';

export interface Live {
  /** Derived from the mirror, with nothing held back. */
  readonly derived: Desired;
  /** What HAProxy serves of it. */
  readonly desired: Desired;
  /** The digest of everything but the servers, that HAProxy runs. */
  readonly frame: string;
  /** File descriptors that checks and listeners may still take. */
  readonly descriptorsLeft: number;
}

/**
 * What a change asks for when it is about servers alone; undefined where it may be about more: a definition,
 * a route, something held back, or too few file descriptors.
 */
export function serversOnly(
  live: Live,
  derived: Desired,
  delta: MirrorDelta,
): { live: Live; services: Service[] } | undefined {
  // Another definition makes another list of conflicts, though it may leave the routes as they are.
  if (derived.conflicts !== live.derived.conflicts) return undefined;
  const changed = new Map<BackendName, Service>();
  let { descriptorsLeft } = live;
  for (const id of withPartners(
    derived,
    delta.changed.map(({ id }) => id),
  )) {
    if (derived.apps.get(id)?.diagnostics !== live.derived.apps.get(id)?.diagnostics) return undefined;
    for (const { service: asked } of derived.apps.get(id)?.ports ?? []) {
      if (asked === undefined) continue;
      const service = asHeld(asked, holdOf(asked, live.desired.holds));
      const { backend } = service.definition;
      const before = live.desired.services.get(backend);
      // Held back, or without its port: it does not serve.
      if (before === undefined || before === service || before.definition !== service.definition) continue;
      descriptorsLeft -= descriptorsOf(service) - descriptorsOf(before);
      changed.set(backend, service);
    }
  }
  if (descriptorsLeft < 0) return undefined;
  const services = withReplaced(live.desired.services, changed);
  const desired = { ...live.desired, apps: derived.apps, groups: derived.groups, services };
  return { live: { ...live, derived, desired, descriptorsLeft }, services: [...changed.values()] };
}

/** What HAProxy was last brought to, of these services. */
export function believedOf(
  services: readonly Service[],
  { services: known }: Desired,
): Map<BackendName, Service> {
  const believed = new Map<BackendName, Service>();
  for (const { definition } of services) {
    const service = known.get(definition.backend);
    if (service !== undefined) believed.set(definition.backend, service);
  }
  return believed;
}
