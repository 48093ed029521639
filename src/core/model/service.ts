/** What Pacer wants HAProxy to serve: services, their servers and the routes that lead to them. */
import type { AuthScope, Balance, BasicAuth, BindOptions, PathType, VhostTls } from './label-values.ts';
import type { ServiceFragments, Template } from './replaced.ts';
import type { AppId, BackendName, Host, ServerName, TaskId } from './ids.ts';

/** One exposed port of an app, without its servers. An unchanged definition keeps its identity. */
export interface ServiceDefinition {
  readonly backend: BackendName;
  /** Its name: the id of its app, or of its deployment group. */
  readonly name: AppId;
  /** The app whose labels define it. */
  readonly appId: AppId;
  readonly portIndex: number;
  readonly servicePort: number;
  readonly mode: 'http' | 'tcp';
  /** True if the service port has a listener of its own. */
  readonly listens: boolean;
  readonly bindAddress: string;
  readonly certificate: string | undefined;
  readonly bindOptions: BindOptions;
  /** Addresses and networks that may use the service; empty: everybody. */
  readonly allowedNetworks: readonly string[];
  readonly balance: Balance;
  readonly sticky: boolean;
  /** A TCP service that is to be sticky: a template says how, since there is no cookie. */
  readonly sticksByTemplate?: boolean | undefined;
  /** Servers that wait in the configuration for tasks that come, where HAProxy adds none at runtime; else 0. */
  readonly slots: number;
  /** HAProxy can add and remove its backend at runtime: all its options fit into a defaults section. */
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
  /** With grouped HTTPS: the TLS settings for its hosts; undefined: the same as for all. */
  readonly vhostTls?: VhostTls | undefined;
  /** What templates replace; undefined: nothing. */
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

/** A host, or what is below a path of one; the key of a wildcard host begins with a dot. */
export interface GuardedPlace {
  readonly kind: 'host' | 'begin' | 'begin-i';
  readonly key: string;
}

/** What is changed in requests and responses; undefined = nothing. */
export interface Rewrite {
  /** Removed from the beginning of request paths. */
  readonly stripPath: string | undefined;
  /** Added to the beginning of the path of `Location` in responses. */
  readonly locationPath: string | undefined;
  /** The target of a redirect from `/`. */
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
  /** Checks each task's port with this index; if both are undefined, the server's own port. */
  readonly portIndex: number | undefined;
}

/**
 * `drain`: bound sessions may continue there, no others begin. `maint`: none begin, and HAProxy's statistics say MAINT,
 * which deploy tools wait for.
 */
export type AdminState = 'ready' | 'drain' | 'maint';

/** One task's endpoint behind a service. */
export interface Server {
  readonly name: ServerName;
  /** Unique in its backend: see server-ids.ts. */
  readonly id: number;
  readonly taskId: TaskId;
  /** The agent's name, or the address if there is none. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** The value of the sticky cookie. */
  readonly cookie: string;
  readonly admin: AdminState;
  /** The port to check, if it is not the server's own port and differs between tasks. */
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

/** A definition with its servers. */
export interface Service {
  readonly definition: ServiceDefinition;
  /** Ordered by host and port; those that templates add come last. */
  readonly servers: readonly Server[];
  /** What the servers were made from, where templates write lines of their own. */
  readonly taskServers?: readonly Server[];
}
