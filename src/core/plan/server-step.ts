/** What HAProxy says of its servers, and the steps that change them while it runs. Types only. */
import type { BackendName } from '../model/ids.ts';
import type { Server, ServiceDefinition } from '../model/service.ts';

/** A server as HAProxy says it is. */
export interface RunningServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly admin: 'ready' | 'drain' | 'maint';
  /** What was configured or set, not what slow start makes of it. */
  readonly weight: number;
  /** What `add server` or the configuration gave it; 1 unless told. */
  readonly initialWeight?: number;
  readonly id?: number;
  /** Whether its checks run; true unless told. */
  readonly checked?: boolean;
}

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
      /** Its own name, or a slot's. */
      readonly server: string;
      readonly admin: Server['admin'];
      /** Of a server that is ready; 1 unless told. */
      readonly weight?: number;
      /** Its checks are off, and have to be on. */
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
  /** No new sessions at once; deleted when the last has ended. */
  | { readonly kind: 'remove'; readonly backend: BackendName; readonly server: string }
  /** It takes no sessions any more, and waits to be deleted. */
  | { readonly kind: 'delete'; readonly backend: BackendName; readonly server: string };

/** What the running HAProxy can do with servers. */
export interface ServerCapabilities {
  readonly version: string;
  /** `add server` takes a cookie. */
  readonly addServerCookie: boolean;
  /** Other words of server lines that `add server` does not take. */
  readonly refusedServerWords: ReadonlySet<string>;
}

export type ServerPlan =
  | { readonly kind: 'steps'; readonly steps: readonly ServerStep[] }
  /** Why only a reload does it: an attribute of these servers, on this version. */
  | { readonly kind: 'reload'; readonly reason: string };
