/** What the contract of `HaproxyControl` is tried in: a HAProxy, its files, those who meddle with it, and requests. */
import type { ControlMode, HaproxyControl } from '../../src/haproxy/control/control.ts';

export interface ControlWorld {
  readonly control: HaproxyControl;
  /** A second one, as of a daemon that was started anew. */
  readonly another: () => HaproxyControl;
  /** Makes a configuration current. @returns its hash */
  readonly publish: (parts?: ConfigurationParts) => Promise<string>;
  /** Starts HAProxy with what is current: by the control where it supervises, else by somebody else. */
  readonly start: (hash: string) => Promise<void>;
  /** Waits for it; where time is virtual, lets it pass. */
  readonly settle: <T>(work: Promise<T>) => Promise<T>;
  readonly until: (holds: () => boolean | Promise<boolean>) => Promise<void>;
  /** `task-1` or `task-2`, or the status that HAProxy answers with. */
  readonly request: (host: string) => Promise<string>;
  /** A client's session with `tcp/t` that stays. @returns what ends it */
  readonly session: () => Promise<() => void>;
  readonly reloadBySomebodyElse: () => Promise<unknown>;
  /** At once, all its processes. */
  readonly kill: () => Promise<void>;
  readonly freeze: (which: 'worker' | 'master' | 'both') => Promise<void>;
  readonly thaw: () => Promise<void>;
  readonly removeSockets: (...which: ('master' | 'runtime')[]) => void;
  /** Another program listens on the port of `extraBind`. */
  readonly takePort: () => Promise<void>;
  readonly versionText: string;
}

export interface ConfigurationParts {
  /** Host → task, for `hosts.map`. */
  readonly hosts?: Readonly<Record<string, 'one' | 'two'>>;
  /** Lines at the end. */
  readonly extra?: string;
  /** A bind on a port of its own. */
  readonly extraBind?: boolean;
}

export interface ControlTarget {
  readonly title: string;
  readonly mode: ControlMode;
  /** It knows the runtime socket. */
  readonly runtimeSocket: boolean;
  readonly open: () => Promise<ControlWorld>;
}

export interface Ports {
  readonly http: number;
  readonly tcp: number;
  readonly extra: number;
  /** Of the tasks. */
  readonly one: number;
  readonly two: number;
  /** Of one that takes TCP sessions. */
  readonly echo: number;
}

export const contractFiles = (
  hash: string,
  runtimeSocket: string,
  ports: Ports,
  { hosts = { h: 'one' }, extra = '', extraBind = false }: ConfigurationParts = {},
): Map<string, string> =>
  new Map([
    [
      'haproxy.cfg',
      `global
  default-path config
  setenv PACER_HASH ${hash}
  maxconn 100
  hard-stop-after 20s
  stats socket ${runtimeSocket} mode 600 level admin expose-fd listeners
defaults plain
  mode http
  timeout connect 1s
  timeout client 20s
  timeout server 20s
  option idle-close-on-response
frontend web from plain
  bind 127.0.0.1:${ports.http}${extraBind ? `\n  bind 127.0.0.1:${ports.extra}` : ''}
  http-request set-var(txn.b) req.hdr(host),host_only,lower,map_str(hosts.map)
  use_backend %[var(txn.b)]
  default_backend nobody
listen tcp from plain
  mode tcp
  bind 127.0.0.1:${ports.tcp}
  server t 127.0.0.1:${ports.echo} id 1
backend one from plain
  server a 127.0.0.1:${ports.one} id 1
backend two from plain
  server a 127.0.0.1:${ports.two} id 1
backend nobody from plain
  http-request return status 404
${extra}`,
    ],
    [
      'hosts.map',
      Object.entries(hosts)
        .map(([host, backend]) => `${host} ${backend}\n`)
        .join(''),
    ],
  ]);

/** Where the extra lines begin. */
export const extraLine =
  contractFiles('', '', { http: 1, tcp: 2, extra: 3, one: 4, two: 5, echo: 6 })
    .get('haproxy.cfg')
    ?.split('\n').length ?? 0;
