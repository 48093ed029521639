/** What HAProxy reports about its servers, and the steps that change them at runtime. Types only. */
import type { BackendName } from '../model/ids.ts';
import type { Server, ServiceDefinition } from '../model/service.ts';

/** A server as HAProxy reports it. */
export interface RunningServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly admin: 'ready' | 'drain' | 'maint';
  /** The configured or set weight, without the effect of slow start. */
  readonly weight: number;
  /** The weight from `add server` or the configuration. Default: 1. */
  readonly initialWeight?: number;
  readonly id?: number;
  /** Whether its health checks run. Default: true. */
  readonly checked?: boolean;
}

/** One change of a server at runtime. */
export type ServerStep =
  /** A server that HAProxy does not have. */
  | {
      readonly kind: 'add';
      readonly backend: BackendName;
      readonly server: Server;
      readonly definition: ServiceDefinition;
    }
  | {
      readonly kind: 'admit';
      readonly backend: BackendName;
      /** The server's own name, or the name of a slot. */
      readonly server: string;
      readonly admin: Server['admin'];
      /** The weight of a server that is ready. Default: 1. */
      readonly weight?: number;
      /** Its health checks are disabled and must be enabled. */
      readonly check?: true;
    }
  /** A server takes a slot of the configuration. */
  | {
      readonly kind: 'fill';
      readonly backend: BackendName;
      /** The slot's name. */
      readonly server: string;
      readonly taker: Server;
    }
  /** No new sessions from now on; deleted when the last session has ended. */
  | { readonly kind: 'remove'; readonly backend: BackendName; readonly server: string }
  /** It takes no new sessions any more, and waits to be deleted. */
  | { readonly kind: 'delete'; readonly backend: BackendName; readonly server: string };

/** What the running HAProxy can do with servers. */
export interface ServerCapabilities {
  readonly version: string;
  /** `add server` accepts a cookie. */
  readonly addServerCookie: boolean;
  /** Other words of server lines that `add server` does not accept. */
  readonly refusedServerWords: ReadonlySet<string>;
}

/** How to change the servers of a backend. */
export type ServerPlan =
  | { readonly kind: 'steps'; readonly steps: readonly ServerStep[] }
  /** Why a reload is needed: an attribute of these servers, on this version. */
  | { readonly kind: 'reload'; readonly reason: string };
