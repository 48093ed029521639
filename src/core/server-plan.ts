/** The servers of one backend: from what HAProxy has to what is desired, in steps HAProxy can do at runtime. */
import type { BackendName, ServerName } from './ids.ts';
import type { Server, Service, ServiceDefinition } from './service.ts';

/** A server as HAProxy says it is. */
export interface RunningServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly admin: 'ready' | 'drain' | 'maint';
  /** What was configured or set, not what slow start makes of it. */
  readonly weight: number;
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
      readonly server: ServerName;
      readonly admission: Server['admission'];
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
}

export type ServerPlan =
  | { readonly kind: 'steps'; readonly steps: readonly ServerStep[] }
  /** Why only a reload does it: an attribute of these servers, on this version. */
  | { readonly kind: 'reload'; readonly reason: string };

/** No steps where HAProxy has what is desired. */
export function planServers(
  { definition, servers }: Service,
  running: readonly RunningServer[],
  capabilities: ServerCapabilities,
): ServerPlan {
  const { backend } = definition;
  const have = new Map(running.map((server) => [server.name, server]));
  const steps: ServerStep[] = [];
  for (const server of servers) {
    const known = have.get(server.name);
    have.delete(server.name);
    if (known === undefined) {
      const why = whyNotAddable(definition, capabilities);
      if (why !== undefined) return { kind: 'reload', reason: why };
      steps.push({ kind: 'add', backend, server, definition });
    } else if (known.address !== server.address || known.port !== server.port) {
      return { kind: 'reload', reason: `server ${server.name} has another address` };
    } else if (admissionOf(known) !== server.admission) {
      steps.push({ kind: 'admit', backend, server: server.name, admission: server.admission });
    }
  }
  for (const { name, admin } of have.values()) {
    steps.push({ kind: admin === 'maint' ? 'delete' : 'remove', backend, server: name });
  }
  return { kind: 'steps', steps };
}

/** A server of the configuration that is drained has no weight; one that is drained at runtime has that state. */
function admissionOf({ admin, weight }: RunningServer): 'ready' | 'drain' | 'maint' {
  return admin === 'ready' && weight === 0 ? 'drain' : admin;
}

/** [haproxy] management.txt 9.3 "add server": dynamic balance only; cookies from 3.0 on. */
function whyNotAddable(
  definition: ServiceDefinition,
  { version, addServerCookie }: ServerCapabilities,
): string | undefined {
  if (definition.balance.words[0] === 'static-rr') return 'balance static-rr takes no server at runtime';
  if (definition.sticky && !addServerCookie)
    return `HAProxy ${version} adds no server with a cookie at runtime`;
  return undefined;
}
