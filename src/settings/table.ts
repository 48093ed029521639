/**
 * The one table of settings: flag, kind, default and documentation. Flags, environment variables, the keys of
 * the settings file and `--help` all come from here. Flags that marathon-lb has are spelled as there.
 */
import type { z } from 'zod';
import { duration, flag, integer, list, listenAddress, oneOf, port, seconds, text, urls } from './values.ts';

export interface SettingSpec<S extends z.ZodType = z.ZodType> {
  /** As on the command line, without dashes; the environment variable and the key in the file follow from it. */
  readonly flag: string;
  readonly short?: string;
  /** The placeholder of the value in the help; undefined for a flag without a value. */
  readonly argument?: string;
  readonly schema: S;
  /** As it would be written; undefined = not set. */
  readonly default?: string | number | boolean;
  readonly doc: string;
  /** What is said at start when it is set, since it has no effect (yet). */
  readonly withoutEffect?: string;
  readonly secret?: boolean;
}

const define = <const T extends SettingSpec>(spec: T): T => spec;
const later = 'it is accepted, but its function comes in a later version of Pacer';

export const settingsTable = {
  marathon: define({ flag: 'marathon', short: 'm', argument: 'url...', schema: urls, default: 'http://master.mesos:8080', doc: 'Marathon endpoints; several for failover' }),
  groups: define({ flag: 'group', argument: 'name...', schema: list, doc: 'expose the apps whose HAPROXY_GROUP names one of these; * for every app' }),
  healthCheck: define({ flag: 'health-check', short: 'H', schema: flag, default: false, doc: 'serve only tasks that Marathon calls healthy, where the app has health checks' }),
  healthMode: define({ flag: 'health-mode', argument: 'all|any', schema: oneOf('all', 'any'), default: 'all', doc: 'a task with several checks is healthy when all, or any, of them are' }),
  strictMode: define({ flag: 'strict-mode', schema: flag, default: false, doc: 'expose only ports with HAPROXY_<n>_ENABLED=true' }),
  servicePorts: define({ flag: 'service-ports', argument: 'all|none', schema: oneOf('all', 'none'), default: 'all', doc: 'whether every service listens on its service port' }),

  haproxyMode: define({ flag: 'haproxy-mode', argument: 'mode', schema: oneOf('supervise', 'attach', 'command'), doc: 'supervise: start HAProxy; attach: use one that runs; command: reload with --command (default: supervise, or command where --command is given)' }),
  haproxyBin: define({ flag: 'haproxy-bin', argument: 'path', schema: text, default: 'haproxy', doc: 'the HAProxy program' }),
  masterSocket: define({ flag: 'haproxy-master-socket', argument: 'path', schema: text, doc: "HAProxy's master socket (default: in the state directory)" }),
  runtimeSocket: define({ flag: 'haproxy-socket', argument: 'path', schema: text, doc: "HAProxy's runtime socket (default: in the state directory)" }),
  command: define({ flag: 'command', short: 'c', argument: 'command', schema: text, doc: 'the shell command that reloads HAProxy, in command mode' }),
  maxReloadRetries: define({ flag: 'max-reload-retries', argument: 'n', schema: integer(0, 1000), default: 10, doc: 'how often --command is tried' }),
  reloadInterval: define({ flag: 'reload-interval', argument: 'seconds', schema: seconds, default: 10, doc: 'the wait between tries of --command' }),
  stateDir: define({ flag: 'state-dir', argument: 'path', schema: text, default: '/var/lib/pacer', doc: 'where configurations, sockets and the self-signed certificate are kept' }),
  archiveVersions: define({ flag: 'archive-versions', argument: 'n', schema: integer(1, 1000), default: 5, doc: 'how many old revisions are kept' }),
  onExit: define({ flag: 'on-exit', argument: 'stop|keep', schema: oneOf('stop', 'keep'), default: 'stop', doc: 'what a supervised HAProxy does when Pacer is stopped; it always survives a crash of Pacer' }),
  stopTimeout: define({ flag: 'stop-timeout', argument: 'seconds', schema: seconds, default: 10, doc: 'how long requests in flight may take when HAProxy is stopped' }),

  httpPort: define({ flag: 'http-port', argument: 'port', schema: port, default: 80, doc: 'HTTP by host name' }),
  httpsPort: define({ flag: 'https-port', argument: 'port', schema: port, default: 443, doc: 'HTTPS by host name' }),
  appidPort: define({ flag: 'appid-port', argument: 'port', schema: port, default: 9091, doc: 'HTTP by the header X-Marathon-App-Id' }),
  statsPort: define({ flag: 'stats-port', argument: 'port', schema: port, default: 9090, doc: "HAProxy's statistics, metrics and health check" }),
  bindAddress: define({ flag: 'bind-addr', argument: 'address', schema: text, default: '*', doc: 'where listeners bind' }),
  dontBindHttpHttps: define({ flag: 'dont-bind-http-https', schema: flag, default: false, doc: 'no HTTP and HTTPS listeners' }),
  sslCerts: define({ flag: 'ssl-certs', argument: 'path...', schema: list, doc: 'certificates of the HTTPS listener, files or directories (default: /etc/ssl/cert.pem, else a self-signed one)' }),
  trustedProxies: define({ flag: 'trusted-proxies', argument: 'cidr...', schema: list, default: '', doc: 'networks whose X-Forwarded headers are believed' }),

  maxconn: define({ flag: 'maxconn', argument: 'n', schema: integer(10, 2_000_000), doc: 'connections HAProxy takes (default: a quarter of the limit of open files)' }),
  hardStopAfter: define({ flag: 'hard-stop-after', argument: 'duration', schema: duration, default: '30m', doc: 'how long an old HAProxy worker may finish its connections' }),
  maxReloads: define({ flag: 'max-reloads', argument: 'n', schema: integer(1, 10_000), default: 50, doc: 'how many reloads an old HAProxy worker may survive' }),
  reloadBurst: define({ flag: 'reload-burst', argument: 'n', schema: integer(1, 1000), default: 10, doc: 'reloads that may follow each other at once' }),
  reloadSpacing: define({ flag: 'reload-spacing', argument: 'seconds', schema: seconds, default: 1, doc: 'seconds for each further reload once the burst is used up' }),
  syslogSocket: define({ flag: 'syslog-socket', argument: 'path', schema: text, doc: 'where HAProxy logs: a syslog socket or address (default: nowhere)' }),

  auth: define({ flag: 'auth-credentials', argument: 'user:password', schema: text, doc: 'basic auth for Marathon; better in the environment or a file', secret: true }),
  authFile: define({ flag: 'marathon-auth-credential-file', argument: 'path', schema: text, doc: 'a file that holds user:password for Marathon' }),
  marathonCa: define({ flag: 'marathon-ca-cert', argument: 'path', schema: text, doc: "the CA of Marathon's certificate" }),
  marathonInsecure: define({ flag: 'marathon-insecure', schema: flag, default: false, doc: "do not verify Marathon's certificate" }),
  resyncSeconds: define({ flag: 'resync-interval', argument: 'seconds', schema: seconds, default: 60, doc: 'how often the whole state is compared with Marathon' }),
  watchdogSeconds: define({ flag: 'stream-timeout', argument: 'seconds', schema: seconds, default: 30, doc: 'silence of the event stream after which it counts as dead' }),
  maxConfirmationAge: define({ flag: 'max-confirmation-age', argument: 'seconds', schema: seconds, default: 120, doc: '/readyz fails when Marathon has confirmed nothing for longer' }),

  statusListen: define({ flag: 'status-listen', argument: 'address', schema: listenAddress, default: '127.0.0.1:9095', doc: 'where /status, /healthz, /readyz and /metrics are' }),
  logFormat: define({ flag: 'log-format', argument: 'json|pretty', schema: text, default: 'json', doc: 'how log lines look' }),
  logLevel: define({ flag: 'log-level', argument: 'level', schema: text, default: 'info', doc: 'debug, info, warn or error' }),

  sse: define({ flag: 'sse', short: 's', schema: flag, doc: 'follow the event stream', withoutEffect: 'Pacer always follows the event stream' }),
  haproxyMap: define({ flag: 'haproxy-map', schema: flag, doc: 'route by maps', withoutEffect: 'Pacer always routes by maps' }),
  lruCacheCapacity: define({ flag: 'lru-cache-capacity', argument: 'n', schema: integer(0), doc: 'size of the health cache', withoutEffect: 'Pacer remembers the health of every task' }),
  maxBackoff: define({ flag: 'max-backoff', argument: 'seconds', schema: seconds, doc: 'longest wait before a reconnect', withoutEffect: 'Pacer waits 10 seconds at most' }),
  skipConfigCleanup: define({ flag: 'skip-config-cleanup', schema: flag, doc: 'do not look for the bad app', withoutEffect: 'Pacer finds a bad app without trying every one' }),
  haproxyConfig: define({ flag: 'haproxy-config', argument: 'path', schema: text, doc: 'the configuration file', withoutEffect: 'Pacer writes current/haproxy.cfg in the state directory; point HAProxy there' }),
  groupHttpsByVhost: define({ flag: 'group-https-by-vhost', schema: flag, doc: 'a TLS frontend for each vhost', withoutEffect: later }),
  skipValidation: define({ flag: 'skip-validation', schema: flag, doc: 'no haproxy -c', withoutEffect: 'Pacer never publishes what haproxy -c has not accepted' }),
  dry: define({ flag: 'dry', short: 'd', schema: flag, doc: 'print the configuration and end', withoutEffect: 'use `pacer render`' }),
  minServPort: define({ flag: 'min-serv-port-ip-per-task', argument: 'port', schema: port, doc: 'first assigned service port', withoutEffect: later }),
  maxServPort: define({ flag: 'max-serv-port-ip-per-task', argument: 'port', schema: port, doc: 'last assigned service port', withoutEffect: later }),
  dcosAuth: define({ flag: 'dcos-auth-credentials', argument: 'json', schema: text, doc: 'DC/OS service account', withoutEffect: later, secret: true }),
} as const;

export type SettingKey = keyof typeof settingsTable;

type Table = typeof settingsTable;
type Written<K extends SettingKey> = z.output<Table[K]['schema']>;

/** Every setting with its value; undefined only where there is no default. */
export type SettingValues = {
  readonly [K in SettingKey]: Table[K] extends { readonly default: unknown } ? Written<K> : Written<K> | undefined;
};

export const settingKeys = Object.keys(settingsTable) as SettingKey[];

/** `--http-port` → `PACER_HTTP_PORT`. */
export const environmentName = (spec: SettingSpec): string => `PACER_${spec.flag.toUpperCase().replaceAll('-', '_')}`;
