/** --group-https-by-vhost: the HTTPS port passes TLS on, by SNI, to frontends with TLS settings of their own. */
import { createHash } from 'node:crypto';
import { configToken } from '../core/config-token.ts';
import { commonTls, type TlsFrontend, type TlsRoutes } from '../core/tls-routes.ts';
import type { Fragments } from './fragments.ts';
import { sniMap } from './maps.ts';

export interface GroupedFrame {
  /** Whether the HTTPS port is one that passes TLS on. */
  readonly groupsHttps: boolean;
  /** Paths of the certificates of the HTTPS listener, at least one where it is bound. */
  readonly certificates: readonly string[];
  readonly runtimeSocket: string;
  readonly logs: boolean;
}

/** Abstract sockets are known to the whole network namespace, where another Pacer may have the same services. */
export function tlsSocket({ runtimeSocket }: Pick<GroupedFrame, 'runtimeSocket'>, name: string): string {
  const digest = createHash('sha256').update(`${runtimeSocket}\0${name}`).digest('hex').slice(0, 16);
  return `abns@pacer-${digest}`;
}

/** @param routed the rules that lead requests to backends, the same in every frontend */
export function renderGroupedHttps(
  render: Fragments['render'],
  frame: GroupedFrame,
  { bind, tls, routed }: { readonly bind: string; readonly tls: TlsRoutes; readonly routed: string },
): string {
  const common = { name: commonTls, certificates: [], words: [], listsCertificates: false };
  const frontend = (
    it: Omit<TlsFrontend, 'backend' | 'namesProtocols' | 'verifies'>,
    says: { readonly isCommon: boolean; readonly offersHttp2: boolean; readonly verifies: boolean },
  ) => {
    const usual = it.certificates.length === 0 && !it.listsCertificates;
    return [
      render('https-grouped-vhost-frontend-head', {
        ...{ name: it.name, socket: tlsSocket(frame, it.name), map: sniMap, ...says },
        certificates: (usual ? frame.certificates : it.certificates).map(configToken),
        bindOptions: it.words.map((word) => ` ${configToken(word)}`).join(''),
      }),
      routed,
    ];
  };
  return [
    render('https-grouped-frontend-head', { bind, logs: frame.logs, map: sniMap, common: commonTls }),
    ...[common, ...tls.frontends].map(({ name }) =>
      render('https-grouped-vhost-backend-head', { name, socket: tlsSocket(frame, name) }),
    ),
    ...frontend(common, { isCommon: true, offersHttp2: true, verifies: false }),
    ...tls.frontends.flatMap((it) =>
      frontend(it, { isCommon: false, offersHttp2: !it.namesProtocols, verifies: it.verifies }),
    ),
  ].join('');
}
