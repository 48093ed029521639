/** What one HAProxy process has in its memory. Data; the commands and the loading of a configuration change it. */
import type { Capabilities } from '../../../src/haproxy/machine/capabilities.ts';
import type { HaproxyVersion } from '../../../src/haproxy/machine/version.ts';
import type { Rule } from './configuration.ts';

/** Bits of `srv_admin_state`. [haproxy] server-t.h SRV_ADMF_* */
export const admin = { maint: 1, configMaint: 4, drain: 8 } as const;
/** `srv_op_state`. [haproxy] server-t.h enum srv_state */
export const op = { stopped: 0, starting: 1, running: 2, stopping: 3 } as const;
/** Bits of `srv_check_state`. [haproxy] check-t.h CHK_ST_* */
export const check = { configured: 2, enabled: 4, paused: 8, agent: 16 } as const;

export interface FakeServer {
  readonly name: string;
  readonly id: number;
  readonly forcedId: boolean;
  /** Where the configuration says it, for the message that its id is taken; undefined for one added at runtime. */
  readonly line: number | undefined;
  /** Empty for a host name. */
  address: string;
  readonly fqdn: string;
  port: number;
  admin: number;
  op: number;
  userWeight: number;
  readonly initialWeight: number;
  /** When `op` or `admin` last changed, in milliseconds. */
  since: number;
  checkState: number;
  checkStatus: number;
  checkResult: number;
  health: number;
  readonly rise: number;
  readonly fall: number;
  checkPort: number;
  readonly agentPort: number;
  readonly agentState: number;
  readonly ssl: boolean;
  readonly backup: boolean;
  readonly cookie: string;
  /** Every word of its line after the address. */
  readonly words: readonly string[];
  /** Sessions that clients have with it. */
  sessions: number;
  /** Something else in the configuration points to it. */
  readonly pinned: boolean;
}

/** What a proxy has from a `defaults` section, or says itself. */
export interface ProxyDefaults {
  readonly balance: string;
  /** The balance takes servers at runtime. */
  readonly dynamic: boolean;
  readonly mode: string;
  readonly checksHttp: boolean;
}

export interface FakeBackend {
  readonly id: number;
  readonly name: string;
  readonly mode: string;
  readonly balance: string;
  /** Its balance takes servers at runtime. */
  readonly dynamic: boolean;
  readonly http: boolean;
  /** Its servers' checks ask by HTTP. */
  readonly checksHttp: boolean;
  /** Added while HAProxy ran. */
  readonly atRuntime: boolean;
  published: boolean;
  /** Requests are answered with this status, whatever servers there are. */
  readonly status: number | undefined;
  readonly servers: FakeServer[];
}

export interface FakeFrontend {
  readonly name: string;
  /** `<address>:<port>`, as written. */
  readonly binds: readonly string[];
  readonly rules: readonly Rule[];
}

export interface MapEntry {
  /** A number that no other entry of the process ever had. */
  readonly ref: number;
  readonly key: string;
  value: string;
  readonly version: number;
}

export interface FakeMap {
  readonly id: number;
  readonly file: string;
  /** The converters that use it, with the line of each. */
  readonly uses: readonly { readonly converter: string; readonly line: number }[];
  entries: MapEntry[];
  current: number;
  next: number;
}

export interface FakeCertificate {
  readonly path: string;
  /** Undefined for an empty store. */
  pem: string | undefined;
  /** How many binds have it loaded. */
  uses: number;
}

export interface CertificateList {
  readonly path: string;
  entries: { readonly certificate: string; readonly line: number; readonly filters: string }[];
}

export interface FakeWorker {
  readonly pid: number;
  readonly version: HaproxyVersion;
  /** With the distribution's suffix. */
  readonly versionText: string;
  readonly capabilities: Capabilities;
  /** The path of the configuration, for messages. */
  readonly configFile: string;
  readonly startedAt: number;
  readonly environment: ReadonlyMap<string, string>;
  readonly maxsock: number;
  readonly hardStopAfterMs: number | undefined;
  /** Reloads of the master when it was loaded. */
  readonly loadedAt: number;
  /** Names of `defaults` sections. */
  readonly defaults: ReadonlyMap<string, ProxyDefaults>;
  readonly frontends: readonly FakeFrontend[];
  readonly backends: Map<string, FakeBackend>;
  nextProxyId: number;
  readonly maps: ReadonlyMap<string, FakeMap>;
  nextRef: number;
  readonly variables: Map<string, { readonly type: 'str' | 'sint'; readonly value: string }>;
  readonly certificates: Map<string, FakeCertificate>;
  transaction: { readonly path: string; pem: string } | undefined;
  readonly lists: ReadonlyMap<string, CertificateList>;
  /** It only finishes what it has. */
  stopping: boolean;
  frozen: boolean;
  alive: boolean;
}

export const since = ({ version }: Pick<FakeWorker, 'version'>, major: number, minor: number): boolean =>
  version.major > major || (version.major === major && version.minor >= minor);
