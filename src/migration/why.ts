/** Why Pacer leads a request elsewhere than marathon-lb, from what Pacer knows of the apps. */
import type { Desired } from '../core/desired/desired.ts';
import { rejectionOf } from '../core/explain/service-view.ts';
import type { HostGuard, Service, ServiceDefinition } from '../core/model/service.ts';
import { guardLabels, guardsOn } from '../core/routing/guards.ts';
import type { LbAnswer } from './lb-frontend.ts';

interface Otherwise {
  readonly theirs: LbAnswer;
  /** Pacer's, if it has one. */
  readonly ours: Service | undefined;
  readonly host: string;
  readonly path: string;
  readonly desired: Desired;
}

export function whyOther({ theirs, ours, host, path, desired }: Otherwise): string {
  if (ours === undefined) {
    return theirs.kind === 'backend'
      ? whyNotBackend(theirs.backend, desired)
      : 'no app that Pacer serves has this host';
  }
  if (theirs.kind === 'nobody') return whyOnlyPacer;
  if (theirs.kind === 'redirect')
    return `${ours.definition.appId} does not ask for a redirect (HAPROXY_${ours.definition.portIndex}_REDIRECT_TO_HTTPS)`;
  if (theirs.kind !== 'backend') return "a template of marathon-lb's decides otherwise";
  const other = desired.services.get(theirs.backend as Service['definition']['backend'])?.definition;
  if (other === undefined) return whyNotBackend(theirs.backend, desired);
  const { definition } = ours;
  if (other === definition) {
    const by = guardsOn(definition, { host, path }).find((guard) => guard.redirects)?.appId;
    return by === undefined
      ? `${definition.appId} redirects to https in Pacer`
      : `${by} claims the host and redirects to https, which holds for ${definition.appId} too`;
  }
  if (other.weight === definition.weight && longest(definition, path) > longest(other, path))
    return `both have the weight ${other.weight}; Pacer takes the longest path first, marathon-lb the first app id`;
  const lost = desired.conflicts.find(
    ({ appId, code, reason }) => code === 'ROUTE_CONFLICT' && appId === other.appId && reason.includes(host),
  );
  return (
    lost?.reason ??
    `Pacer tries ${definition.appId} (weight ${definition.weight}) before ${other.appId} (weight ${other.weight})`
  );
}

/** @param guard of another service on the host, which asks more */
export function whyAccess(
  { appId, portIndex, authScope }: ServiceDefinition,
  guard: HostGuard | undefined,
): string {
  if (guard !== undefined)
    return `${guard.appId} claims the host: its ${guardLabels(guard).join(', ')} hold for ${appId} too, unless that has HAPROXY_${portIndex}_AUTH_SCOPE`;
  return authScope === 'service'
    ? `${appId} has HAPROXY_${portIndex}_AUTH_SCOPE service`
    : `${appId} has no HAPROXY_${portIndex}_AUTH, and no other app of this host may guard it: give it its own`;
}

/** Of a backend that marathon-lb has and Pacer has not. */
export function whyNotBackend(backend: string, desired: Desired): string {
  for (const { app, ports } of desired.apps.values()) {
    const stem = `${app.id.slice(1).replaceAll('/', '_')}_`;
    const mayBe = backend.startsWith(stem) && /^\d+$/.test(backend.slice(stem.length));
    for (const { portIndex, service, reason } of ports) {
      if (service?.definition.backend === backend)
        return `${app.id}: ${rejectionOf(desired, app.id, portIndex)?.reason ?? 'it is rejected'}`;
      if (service === undefined && mayBe && reason !== '') return `${app.id}: ${reason}`;
    }
    if (mayBe) return `${app.id} has no port with that service port now`;
  }
  return 'Marathon has no such app now';
}

function longest({ path }: Service['definition'], asked: string): number {
  const fitting = (path?.paths ?? []).filter((text) => asked.startsWith(text));
  return Math.max(0, ...fitting.map((text) => text.length));
}

export const scaledToZero = 'it has no server, keeps its route in Pacer all the same, and answers 503';

/** Of a service that marathon-lb does not have. */
export const whyOnlyPacer =
  'marathon-lb has not got it: it runs with another --group, has not followed yet, or leaves it out for its templates';
