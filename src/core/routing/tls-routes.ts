/** With --group-https-by-vhost: which host names have a TLS frontend of their own, by their services' labels. */
import type { VhostTls } from '../model/label-values.ts';
import type { Precedence } from '../ownership/precedence.ts';
import { createContests, type Contest, type Contests, type Rank } from '../ownership/contests.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { byCodePoint, type BackendName, type Host } from '../model/ids.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';

export interface TlsFrontend extends VhostTls {
  /** It and the backend that leads to it. */
  readonly name: BackendName;
  /** The service whose labels it follows. */
  readonly backend: BackendName;
}

export interface TlsRoutes {
  readonly frontends: readonly TlsFrontend[];
  /** Host, or below a wildcard with a dot before → the frontend's name. Sorted by key. */
  readonly entries: readonly { readonly key: string; readonly backend: BackendName }[];
}

/** The frontend of all host names without one of their own. */
export const commonTls = 'pacer_tls_common' as BackendName;

export interface TlsRoutesMade extends Pick<Contests, 'winners'> {
  readonly tls: TlsRoutes;
  readonly diagnostics: Diagnostic[];
  readonly contested: readonly Contest[];
}

const tlsClaim = (key: string): string => `tls ${key}`;

/**
 * Of two services that say something else of one host, the one that asks clients for a certificate has it, else the one
 * that comes first: no label of another app may open what asks for a certificate.
 *
 * @param services in the order of app id and port
 */
export function deriveTlsRoutes(services: readonly Service[], order: Precedence): TlsRoutesMade {
  const definitions = services.map(({ definition }) => definition);
  const contests = createContests(order);
  for (const definition of definitions)
    if (definition.vhostTls !== undefined)
      for (const vhost of definition.vhosts) contests.enter(tlsClaim(keyOf(vhost)), definition, strictFirst);
  const owners = new Map([...contests.winners].map(([claim, it]) => [claim.slice('tls '.length), it]));
  const losses = contests.losses();
  const diagnostics = definitions.flatMap((definition) =>
    (losses.get(definition) ?? []).flatMap((claim) => {
      const winner = contests.winners.get(claim);
      const says = JSON.stringify(winner?.vhostTls);
      return winner === undefined || says === JSON.stringify(definition.vhostTls)
        ? []
        : [lostTls(definition, claim.slice('tls '.length), winner)];
    }),
  );
  const entries = new Map([...owners].map(([key, { backend }]) => [key, tlsName(backend)]));
  // Else a wildcard would take names that are another service's.
  for (const { vhosts } of definitions)
    for (const key of vhosts.map(keyOf))
      if (!entries.has(key) && owners.has(key.replace(/^[^.]+/, ''))) entries.set(key, commonTls);
  return {
    tls: {
      frontends: [...new Set(owners.values())]
        .flatMap(({ backend, vhostTls }) =>
          vhostTls === undefined ? [] : { ...vhostTls, backend, name: tlsName(backend) },
        )
        .sort((a, b) => byCodePoint(a.name, b.name)),
      entries: [...entries]
        .map(([key, backend]) => ({ key, backend }))
        .sort((a, b) => byCodePoint(a.key, b.key)),
    },
    diagnostics,
    winners: contests.winners,
    contested: contests.contested(),
  };
}

const strictFirst: Rank = (a, b) => Number(verifies(b)) - Number(verifies(a));

const verifies = ({ vhostTls }: ServiceDefinition): boolean => vhostTls?.verifies === true;

const tlsName = (backend: BackendName) => `pacer_tls_${backend}` as BackendName;

const keyOf = (vhost: Host): string => (vhost.startsWith('*.') ? vhost.slice(1) : vhost);

function lostTls(loser: ServiceDefinition, key: string, winner: ServiceDefinition): Diagnostic {
  const { appId, portIndex, certificate } = loser;
  const vhost = key.startsWith('.') ? `*${key}` : key;
  const said = [certificate, ...loser.bindOptions.words].filter((word) => word !== undefined).join(' ');
  return {
    code: 'TLS_CONFLICT',
    severity: 'error',
    appId,
    portIndex,
    label: `HAPROXY_${portIndex}_${certificate === undefined ? 'BIND_OPTIONS' : 'SSL_CERT'}`,
    reason: `TLS for ${vhost} is as ${winner.appId} port ${winner.portIndex} says, not with ${said}`,
    remedy: 'give both the same certificate and bind options, or choose another host',
  };
}
