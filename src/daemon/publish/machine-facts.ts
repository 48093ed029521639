/** What a configuration depends on besides Marathon: certificates, limits, and which listeners are Pacer's own. */
import { join } from 'node:path';
import { headroomOf } from '../../core/policy/capacity.ts';
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import { openFileLimit } from '../../haproxy/process/limits.ts';
import { networkOf } from '../../haproxy/machine/network.ts';
import type { PortOwner } from '../../haproxy/machine/ports.ts';
import { livingMaster } from '../../haproxy/control/presence.ts';
import { activeConfigFile } from '../../haproxy/files/publish.ts';
import type { RunAs } from '../../haproxy/process/run-as.ts';
import { runningOf } from '../../haproxy/control/running.ts';
import type { Template } from '../../core/model/replaced.ts';
import { takesProxyProtocol } from '../../render/client-claims.ts';
import type { FileAt } from '../../render/file-words.ts';
import type { ChangingHead, FixedHead } from '../../render/head.ts';
import { noOperatorTemplates, type OperatorTemplates } from '../../render/operator/operator-templates.ts';
import type { Capabilities } from '../../haproxy/machine/capabilities.ts';
import type { Settings } from '../../settings/settings.ts';
import { copyPath } from '../files/copies.ts';
import { kindOf } from '../files/judge.ts';
import type { FileObserver } from '../files/observer.ts';
import type { MachineFacts } from '../decide/pipeline-state.ts';

/** Half of the limit of open files is for connections (two descriptors each), the rest for checks and listeners. */
const defaultShare = 4;
const mostDefaultConnections = 50_000;

/** HAProxy's `maxconn` if the operator sets none. @param limit HAProxy's limit of open files; undefined if not known */
export function defaultMaxconn(limit: number | undefined): number {
  return Math.max(100, Math.min(mostDefaultConnections, Math.floor((limit ?? 8192) / defaultShare)));
}

/** Pacer's own listeners: port → what it is for. */
export function ownPorts(settings: Settings): Map<number, string> {
  const ports = new Map<number, string>();
  if (!settings.dontBindHttpHttps) {
    ports.set(settings.httpPort, "Pacer's own HTTP port").set(settings.httpsPort, "Pacer's own HTTPS port");
  }
  return ports
    .set(settings.appidPort, "Pacer's own app id port")
    .set(settings.statsPort, "Pacer's own statistics port");
}

/** An empty folder, except for the socket of the endpoints, so that HAProxy in a chroot can reach nothing else. */
export const jailOf = (stateDir: string): string => join(stateDir, 'run', 'jail');

/** The path as Pacer sees it. HAProxy sees the same path, unless it runs in a chroot. */
export const endpointsSocket = ({ stateDir, haproxyChroot }: EndpointSettings): string =>
  join(haproxyChroot ? jailOf(stateDir) : join(stateDir, 'run'), 'endpoints.sock');

type EndpointSettings = Pick<Settings, 'stateDir' | 'haproxyChroot'>;

/** Pacer's copies of the files that labels name, see `files/copies.ts`. HAProxy reads these. */
export const copiesIn =
  (stateDir: string): FileAt =>
  (keyword, path) => {
    const kind = kindOf(keyword);
    return kind === undefined ? path : copyPath(stateDir, kind, path);
  };

/** The part of the head that stays the same as long as the daemon runs. */
export function fixedHead(
  settings: Settings,
  { overrides, head }: OperatorTemplates = noOperatorTemplates,
  runAs?: RunAs,
  fileAt?: FileAt,
): Omit<FixedHead, keyof ChangingHead> {
  return {
    ...(fileAt && { fileAt }),
    templates: overrides,
    head,
    bindAddress: settings.bindAddress,
    httpPort: settings.dontBindHttpHttps ? undefined : settings.httpPort,
    httpsPort: settings.dontBindHttpHttps ? undefined : settings.httpsPort,
    groupsHttps: settings.groupHttpsByVhost && !settings.dontBindHttpHttps,
    appidPort: settings.appidPort,
    statsPort: settings.statsPort,
    // HAProxy opens this path for each connection, and is in its chroot by then.
    endpointsSocket: settings.haproxyChroot ? '/endpoints.sock' : endpointsSocket(settings),
    runAs,
    chroot: settings.haproxyChroot ? jailOf(settings.stateDir) : undefined,
    signalNetworks: settings.signalNetworks,
    signalsTakeToken: settings.statusTokenFile !== undefined,
    runtimeSocket: settings.runtimeSocket,
    // Without a number, HAProxy tries another server only at its last attempt.
    defaultOptions: settings.defaultOptions.map((it) => (it === 'redispatch' ? 'redispatch 1' : it)),
    hardStopAfter: settings.hardStopAfter,
    maxReloads: settings.maxReloads,
    dynamicBackends: settings.dynamicBackends,
    spareBackends: settings.spareBackends,
    logTarget: settings.syslogSocket,
    logs: settings.syslogSocket !== undefined,
    trustedProxies: settings.trustedProxies,
    redirectSuffix: settings.dontBindHttpHttps ? undefined : redirectSuffix(settings),
    believesProxyTls: [...overrides.values()].some(
      ({ name, template }) => name.startsWith('HTTP_FRONTEND') && takesProxyProtocol(literalOf(template)),
    ),
  };
}

function redirectSuffix({ redirectHttpsPort, httpsPort }: Settings): string {
  const port = redirectHttpsPort ?? httpsPort;
  return port === 443 ? '' : `:${port}`;
}

const literalOf = ({ parts }: Template): string =>
  parts.map((part) => (part.kind === 'literal' ? part.text : part.name)).join('');

/** Of two ways to backends without a reload, the one that this HAProxy can go. */
export function withOneWay(settings: Settings, { addBackend }: Pick<Capabilities, 'addBackend'>): Settings {
  if (!settings.dynamicBackends || settings.spareBackends === 0) return settings;
  return addBackend ? { ...settings, spareBackends: 0 } : { ...settings, dynamicBackends: false };
}

/** @throws PacerError CERTIFICATE_INVALID at the start, see `FileObserver` */
export async function readMachineFacts(
  settings: Settings,
  control: HaproxyControl | undefined,
  files: Pick<FileObserver, 'listener'>,
): Promise<MachineFacts> {
  const { certificates } = settings.dontBindHttpHttps ? { certificates: [] } : await files.listener();
  // Whether it answers or not: a frozen HAProxy still has its limits and listeners.
  const master = await livingMaster(settings.masterSocket);
  const limit = await openFileLimit(control?.mode === 'supervise' ? 'self' : (master ?? 'self'));
  const maxconn = settings.maxconn ?? defaultMaxconn(limit);
  const headroom = headroomOf(limit ?? 8192, maxconn);
  // The limits and the network of a HAProxy in another container cannot be seen from here.
  const descriptorLimit = control?.mode === 'supervise' || master !== undefined ? limit : undefined;
  return {
    head: {
      certificates: certificates.map(({ path }) => path),
      certificateNames: certificates.flatMap(({ facts: { hosts, sha1 } }) =>
        hosts.map((host) => `${sha1}/${host}`),
      ),
      certificateDigests: new Map(certificates.map(({ path, digest }) => [path, digest])),
      fileDigests: new Map(certificates.flatMap(({ companions }) => [...(companions ?? [])])),
      maxconn,
      maxpipes: Math.floor(headroom / 2),
    },
    budget:
      descriptorLimit === undefined
        ? undefined
        : { limit: descriptorLimit, maxconn, headroom, ownListeners: ownListenersOf(settings) },
    ports: await portOwner(settings, control, master),
    ownListeners: ownListenersOf(settings),
  };
}

/** Counts Pacer's own ports, and the runtime and master sockets. */
const ownListenersOf = (settings: Settings): number => ownPorts(settings).size + 2;

/** How to tell HAProxy's listeners from those of other processes, whether HAProxy answers or not. */
async function portOwner(
  settings: Settings,
  control: HaproxyControl | undefined,
  masterPid: number | undefined,
): Promise<PortOwner> {
  const { masterSocket, runtimeSocket, stateDir, haproxyConfig } = settings;
  const configFiles = [activeConfigFile(stateDir), ...(haproxyConfig === undefined ? [] : [haproxyConfig])];
  // Without a master socket, only HAProxy itself can say which processes it has.
  const worker = control?.mode === 'command' ? runningOf(await control.running())?.workerPid : undefined;
  const ours = { masterSocket, configFiles, pids: worker === undefined ? [] : [worker] };
  if (control === undefined || control.mode === 'supervise')
    return { ours, masterPid, network: { kind: 'shared', of: 'self' }, ourRights: true };
  const network = await networkOf({ masterPid, sockets: [masterSocket, runtimeSocket] });
  return { ours, masterPid, network, ourRights: false };
}
