/** Collisions between apps that are not deployed yet and what a running Pacer serves. */
import type { Desired } from '../../core/desired/desired.ts';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import { shownClaim } from '../../core/explain/service-view.ts';
import { claimsOf } from '../../core/routing/routes.ts';
import type { ServiceDefinition } from '../../core/model/service.ts';

/** The part of `GET /apps` that is needed. */
export interface RunningApp {
  readonly id: string;
  readonly services: readonly (Pick<ServiceDefinition, 'portIndex' | 'servicePort' | 'vhosts' | 'weight'> & {
    readonly path: ServiceDefinition['path'] | null;
    /** Null without a listener. */
    readonly bindAddress: string | null;
    readonly serving: boolean;
  })[];
}

interface Owner {
  readonly appId: string;
  readonly portIndex: number;
}

/** Apps of the same id are taken for new versions of what runs. */
export function collisions({ services, apps }: Desired, running: readonly RunningApp[]): Diagnostic[] {
  const ports = new Map<number, Owner>();
  const routes = new Map<string, Owner>();
  for (const { id, services: served } of running) {
    if (apps.has(id as never)) continue;
    for (const { portIndex, servicePort, vhosts, weight, path, bindAddress, serving } of served) {
      if (!serving) continue;
      const owner = { appId: id, portIndex };
      if (bindAddress !== null) ports.set(servicePort, ports.get(servicePort) ?? owner);
      for (const { kind, key } of claimsOf({ vhosts, path: path ?? undefined })) {
        const place = `${weight} ${kind} ${key}`;
        routes.set(place, routes.get(place) ?? owner);
      }
    }
  }
  return [...services.values()].flatMap(({ definition }): Diagnostic[] => {
    const { appId, portIndex, servicePort, weight, listens } = definition;
    const about = { severity: 'error', appId, portIndex } as const;
    const port = listens ? ports.get(servicePort) : undefined;
    const lost = claimsOf(definition).flatMap((claim): Diagnostic[] => {
      const owner = routes.get(`${weight} ${claim.kind} ${claim.key}`);
      if (owner === undefined) return [];
      return [
        {
          ...{ ...about, code: 'ROUTE_CONFLICT', label: `HAPROXY_${portIndex}_VHOST` },
          reason: verdict(owner, `${shownClaim(claim)} leads to`),
          remedy: 'choose another host or path, or give one of them a larger HAPROXY_<n>_BACKEND_WEIGHT',
        },
      ];
    });
    return port === undefined
      ? lost
      : [
          {
            ...{ ...about, code: 'PORT_CONFLICT' },
            reason: verdict(port, `service port ${servicePort} belongs to`),
            remedy: `choose another one with HAPROXY_${portIndex}_PORT`,
          },
          ...lost,
        ];
  });
}

/** What an app serves, no newcomer gets. */
const verdict = ({ appId, portIndex }: Owner, what: string): string =>
  `${what} ${appId} port ${portIndex}, which runs`;
