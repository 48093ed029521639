/** --group-https-by-vhost: the HTTPS port passes TLS on, by SNI, to frontends with TLS settings of their own. */
import { createHash } from 'node:crypto';
import { configToken } from '../core/model/config-token.ts';
import { commonTls, type TlsFrontend, type TlsRoutes } from '../core/routing/tls-routes.ts';
import type { TemplateName } from '../core/model/template-names.ts';
import type { Override } from '../core/model/replaced.ts';
import { asNamed, wordsAt, type FileAt } from './file-words.ts';
import type { Fragments } from './fragments.ts';
import {
  ownHttpsPort,
  ownHttpsPortLines,
  ownVhostFrontend,
  ownWay,
  type GroupedVhost,
} from './grouped-templates.ts';
import { sniMap } from './maps.ts';
import type { FrontendText } from './operator/operator-section.ts';

export interface GroupedHead {
  /** Whether the HTTPS port is one that passes TLS on. */
  readonly groupsHttps: boolean;
  /** Paths of the certificates of the HTTPS listener, at least one where it is bound. */
  readonly certificates: readonly string[];
  readonly runtimeSocket: string;
  readonly logs: boolean;
  /** Where HAProxy reads the files that labels name; as they are named unless told. */
  readonly fileAt?: FileAt;
  /** The operator's. */
  readonly templates: ReadonlyMap<TemplateName, Override>;
}

/** Abstract sockets are known to the whole network namespace, where another Pacer may have the same services. */
export function tlsSocket({ runtimeSocket }: Pick<GroupedHead, 'runtimeSocket'>, name: string): string {
  const digest = createHash('sha256').update(`${runtimeSocket}\0${name}`).digest('hex').slice(0, 16);
  return `abns@pacer-${digest}`;
}

/** @param routed the rules that lead requests to backends, the same in every frontend but for what the operator's text says */
export function renderGroupedHttps(
  render: Fragments['render'],
  head: GroupedHead,
  {
    bind,
    tls,
    routed,
  }: { readonly bind: string; readonly tls: TlsRoutes; readonly routed: (own?: FrontendText) => string },
): string {
  const { templates } = head;
  const usual = { name: commonTls, certificates: [], words: [], listsCertificates: false };
  const all = [
    { it: usual, isCommon: true, offersHttp2: true, verifies: false },
    ...tls.frontends.map((it) => ({
      it,
      isCommon: false,
      offersHttp2: !it.namesProtocols,
      verifies: it.verifies,
    })),
  ].map(({ it, ...says }) => ({ ...says, vhost: vhostOf(it, head) }));
  return [
    renderPort(render, head, bind, tls),
    ...all.map(
      ({ vhost }) =>
        ownWay(templates, vhost) ??
        render('https-grouped-vhost-backend-head', { name: vhost.name, socket: vhost.socket }),
    ),
    ...all.flatMap(({ vhost, isCommon, verifies, offersHttp2 }) => {
      const { name } = vhost;
      const own = ownVhostFrontend(templates, vhost);
      const certificates = vhost.certificates.map(configToken);
      return [
        own?.head ?? render('https-grouped-vhost-frontend-head', { ...vhost, certificates, offersHttp2 }),
        render('https-grouped-vhost-rules', { name, map: sniMap, isCommon, verifies }),
        routed(own),
      ];
    }),
  ].join('');
}

function vhostOf(
  it: Pick<TlsFrontend, 'name' | 'certificates' | 'words' | 'listsCertificates'>,
  head: GroupedHead,
): GroupedVhost {
  const { fileAt = asNamed } = head;
  const isUsual = it.certificates.length === 0 && !it.listsCertificates;
  return {
    name: it.name,
    socket: tlsSocket(head, it.name),
    certificates: isUsual ? head.certificates : it.certificates.map((path) => fileAt('crt', path)),
    bindOptions: wordsAt(it.words, fileAt)
      .map((word) => ` ${configToken(word)}`)
      .join(''),
  };
}

/** The HTTPS port: which vhost a client asks for, and the way there. */
function renderPort(
  render: Fragments['render'],
  { templates, logs }: GroupedHead,
  bind: string,
  { entries }: TlsRoutes,
): string {
  const rules = render('https-grouped-frontend-rules', { map: sniMap });
  const own = ownHttpsPort(templates, rules);
  const said = entries.flatMap(({ key, backend }) => ownHttpsPortLines(templates, backend, key));
  const isUse = (line: string) => line.startsWith('use_backend ');
  return [
    own?.head ?? `${render('https-grouped-frontend-head', { bind, logs })}${rules}`,
    ...said.filter((line) => !isUse(line)).map((line) => `  ${line}\n`),
    ...[...(own?.uses ?? []), ...said.filter(isUse)].map((line) => `  ${line}\n`),
    '  use_backend %[var(txn.pacer_tls)]\n',
    own?.hasDefault === true ? '' : `  default_backend ${commonTls}\n`,
  ].join('');
}
