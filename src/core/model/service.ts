/** What Pacer wants HAProxy to serve: services, their servers and the routes that lead to them. */
import type { AuthScope, Balance, BasicAuth, BindOptions, PathType, VhostTls } from './label-values.ts';
import type { ServiceFragments, Template } from './replaced.ts';
import type { AppId, BackendName, Host, ServerName, TaskId } from './ids.ts';

/** One exposed port of an app, but for its servers. An unchanged definition keeps its identity. */
export interface ServiceDefinition {
  readonly backend: BackendName;
  /** What it goes by: the id of its app, or of its deployment group. */
  readonly name: AppId;
  /** The app whose labels these are. */
  readonly appId: AppId;
  readonly portIndex: number;
  readonly servicePort: number;
  readonly mode: 'http' | 'tcp';
  /** True where the service port has a listener of its own. */
  readonly listens: boolean;
  readonly bindAddress: string;
  readonly certificate: string | undefined;
  readonly bindOptions: BindOptions;
  /** Addresses and networks that may use the service; empty = everyone. */
  readonly allowedNetworks: readonly string[];
  readonly balance: Balance;
  readonly sticky: boolean;
  /** A TCP service that is to be sticky: a template says how, since there is no cookie. */
  readonly sticksByTemplate?: boolean | undefined;
  /** Servers that wait in the configuration for tasks that come, where HAProxy adds none at runtime; else 0. */
  readonly slots: number;
  /** HAProxy may get and lose its backend at runtime: nothing of it is beyond a defaults section. */
  readonly hasProfile: boolean;
  readonly hsts: boolean;
  readonly auth: BasicAuth | undefined;
  readonly redirectToHttps: boolean;
  /** Undefined = `host`. */
  readonly authScope?: AuthScope | undefined;
  /** What other services on its hosts ask of requests; decided between apps, so none before. */
  readonly guards?: readonly HostGuard[] | undefined;
  readonly rewrite: Rewrite;
  readonly check: ServerCheck | undefined;
  readonly vhosts: readonly Host[];
  readonly path: PathMatch | undefined;
  readonly weight: number;
  /** With grouped HTTPS: how TLS is spoken for its hosts; undefined = as for all. */
  readonly vhostTls?: VhostTls | undefined;
  /** What templates replace; undefined = nothing. */
  readonly fragments?: ServiceFragments | undefined;
}

/** What a service asks of requests for its host that another one serves. */
export interface HostGuard {
  readonly appId: AppId;
  readonly portIndex: number;
  readonly backend: BackendName;
  /** The requests that it is about: any of these. */
  readonly covers: readonly GuardedPlace[];
  /** The realm of its list of users; undefined = it asks for none. */
  readonly realm: string | undefined;
  /** On which listeners users are asked for: its templates may do it themselves on the other one. */
  readonly asksOn: 'both' | 'http' | 'https';
  /** Empty = everyone. */
  readonly networks: readonly string[];
  readonly redirects: boolean;
  /** Its last version, where it does not serve at present: its list of users is not in the configuration by itself. */
  readonly away?: ServiceDefinition;
}

/** A host, a path of one, or what is below a path; the key of a wildcard host begins with a dot. */
export interface GuardedPlace {
  readonly kind: 'host' | 'begin' | 'begin-i' | 'exact' | 'exact-i';
  readonly key: string;
}

/** What is changed in requests and responses; undefined = nothing. */
export interface Rewrite {
  /** Stripped from the path of requests. */
  readonly stripPath: string | undefined;
  /** Put before the path of `Location` in responses. */
  readonly locationPath: string | undefined;
  /** Where `/` is redirected to. */
  readonly rootRedirect: string | undefined;
}

/** Whether HAProxy checks the servers of a service. */
export const checksServers = ({ check, fragments }: ServiceDefinition): boolean =>
  fragments?.checked ?? check !== undefined;

/** The same for one server: a line of a template says so itself. */
export const isChecked = (definition: ServiceDefinition, { own }: Server): boolean =>
  own?.isChecked ?? checksServers(definition);

export interface PathMatch {
  readonly type: PathType;
  readonly paths: readonly string[];
  readonly ignoreCase: boolean;
}

/** HAProxy's own check of each server. Times in seconds. */
export interface ServerCheck {
  readonly kind: 'http' | 'https' | 'connect';
  readonly path: string;
  readonly interval: number;
  readonly timeout: number;
  /** Failures in a row after which the server is down. */
  readonly fall: number;
  /** A fixed port, the same on every server. */
  readonly port: number | undefined;
  /** The port of each task with this index; undefined in both = the server's own port. */
  readonly portIndex: number | undefined;
}

/**
 * `drain`: sessions that are bound to the server may go on there, no others begin. `maint`: none begin, and
 * HAProxy's statistics say MAINT, which deploy tools wait for.
 */
export type AdminState = 'ready' | 'drain' | 'maint';

/** One task's endpoint behind a service. */
export interface Server {
  readonly name: ServerName;
  /** Unique in its backend: see server-ids.ts. */
  readonly id: number;
  readonly taskId: TaskId;
  /** The agent's name, or the address where there is none. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** The value of the sticky cookie. */
  readonly cookie: string;
  readonly admin: AdminState;
  /** The port that is checked, where it is not the own one and differs from task to task. */
  readonly checkPort?: number;
  /** Where a template writes its line. */
  readonly own?: OwnServer;
}

export interface OwnServer {
  readonly template: Template;
  /** The task that placeholders stand for. */
  readonly of: Omit<Server, 'own'>;
  readonly isChecked: boolean;
  /** HAProxy looks its address up itself, or it is a socket: what it runs with cannot be compared. */
  readonly isLookedUp: boolean;
}

export interface Service {
  readonly definition: ServiceDefinition;
  /** Ordered by host and port; those that templates add come last. */
  readonly servers: readonly Server[];
  /** What the servers were made from, where templates write lines of their own. */
  readonly taskServers?: readonly Server[];
}
