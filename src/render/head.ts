/** The sections before all services: global, defaults, statistics and Pacer's own listeners. */
import { configToken, configTokens } from '../core/model/config-token.ts';
import { byCodePoint } from '../core/model/ids.ts';
import type { Fragments } from './fragments.ts';
import type { FrontendHead } from './frontends.ts';
import type { OperatorHead } from './operator/operator-head.ts';
import { sparesMap } from './maps.ts';
import type { ServiceHead } from './service.ts';

/** All that a configuration has beside services and routes. */
export interface FixedHead extends FrontendHead, ServiceHead {
  /** The operator's HEAD. */
  readonly head: OperatorHead | undefined;
  readonly statsPort: number;
  /** Where Pacer answers what the statistics port is asked and HAProxy does not know. */
  readonly endpointsSocket: string;
  /** Networks that may use the endpoints that change something. */
  readonly signalNetworks: readonly string[];
  /** So may who sends a token, which Pacer judges. */
  readonly signalsTakeToken: boolean;
  readonly runtimeSocket: string;
  /** Whom HAProxy becomes when it has its ports; undefined = it stays who starts it. */
  readonly runAs?: { readonly user: string; readonly group: string } | undefined;
  /** The folder that HAProxy is locked into; undefined = none. */
  readonly chroot?: string | undefined;
  /** Of the defaults section, as HAProxy writes them after `option`. */
  readonly defaultOptions: readonly string[];
  readonly maxconn: number;
  /** Half of the file descriptors that servers may take which are added while HAProxy runs. */
  readonly maxpipes: number;
  /** With a unit, as HAProxy writes it: `30m`. */
  readonly hardStopAfter: string;
  readonly maxReloads: number;
  /** Whether backends may come and go while HAProxy runs. */
  readonly dynamicBackends: boolean;
  /** How many backends without a service the configuration has for services that come; 0 = services come by a reload. */
  readonly spareBackends: number;
  /** A syslog socket or address; undefined = no log. */
  readonly logTarget: string | undefined;
  /** `<SHA-1>/<host>` or `<SHA-1>/.<parent of a wildcard>` of each name in the certificates of the HTTPS listener. */
  readonly certificateNames: readonly string[];
  /** Path → digest of every certificate that is named: a renewed one is another configuration. */
  readonly certificateDigests: ReadonlyMap<string, string>;
  /** The same of other files that bind options name, which only a reload reads anew. */
  readonly fileDigests?: ReadonlyMap<string, string>;
  /** Before the first snapshot: every host is answered with 503, since none is known to be nobody's. */
  readonly starting?: boolean;
}

/** What differs from one rendering to the next beside the desired state. */
export type ChangingHead = Pick<
  FixedHead,
  | 'certificates'
  | 'certificateNames'
  | 'certificateDigests'
  | 'fileDigests'
  | 'maxconn'
  | 'maxpipes'
  | 'starting'
>;

/** Of an operator's own defaults nothing is known. */
export const usesSpares = ({
  spareBackends,
  dynamicBackends,
  head,
}: Pick<FixedHead, 'spareBackends' | 'dynamicBackends' | 'head'>): boolean =>
  spareBackends > 0 && !dynamicBackends && head === undefined;

/** The order in which files were found must not make another text. */
const byPath = (digests: ReadonlyMap<string, string>) =>
  [...digests].map(([path, digest]) => ({ path, digest })).sort((a, b) => byCodePoint(a.path, b.path));

/** Every address → where one of them is on this machine. */
const loopbackOf: ReadonlyMap<string, string> = new Map([
  ['*', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
  ['[::]', '::1'],
]);

export function renderHead(
  { render }: Fragments,
  head: FixedHead,
  resumesTls: boolean,
  hash: string,
  backends: string,
): string {
  const own = render('head', {
    hash,
    certificates: byPath(head.certificateDigests),
    files: byPath(head.fileDigests ?? new Map()),
    runtimeSocket: configToken(head.runtimeSocket),
    runAs:
      head.runAs === undefined
        ? false
        : { user: configToken(head.runAs.user), group: configToken(head.runAs.group) },
    chroot: head.chroot === undefined ? false : configToken(head.chroot),
    maxconn: head.maxconn,
    maxpipes: head.maxpipes,
    hardStopAfter: head.hardStopAfter,
    maxReloads: head.maxReloads,
    backends: head.dynamicBackends && head.head === undefined ? backends : false,
    hasProfiles: (head.dynamicBackends || head.spareBackends > 0) && head.head === undefined,
    spares: usesSpares(head) && sparesMap,
    logTarget: head.logTarget === undefined ? false : configToken(head.logTarget),
    resumesTls,
    defaultOptions: head.defaultOptions,
    starting: head.starting ?? false,
    stats: {
      bind: `${head.bindAddress}:${head.statsPort}`,
      reached: `${loopbackOf.get(head.bindAddress) ?? head.bindAddress}:${head.statsPort}`,
    },
    endpoints: {
      socket: configToken(head.endpointsSocket),
      trusted: configTokens(['127.0.0.0/8', '::1', ...head.signalNetworks]),
      takesToken: head.signalsTakeToken,
    },
  });
  return head.head === undefined ? own : head.head.merge(own);
}
