/** The servers of one backend: from what HAProxy has to what is desired, in steps HAProxy can do at runtime. */
import type { BackendName, ServerName } from './ids.ts';
import { checksServers, type Server, type Service, type ServiceDefinition } from './service.ts';

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
      readonly server: ServerName;
      readonly admission: Server['admission'];
      /** Of a server that is ready; 1 unless told. */
      readonly weight?: number;
      /** Its checks are off, and have to be on. */
      readonly check?: true;
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

/** No steps where HAProxy has what is desired. */
export function planServers(
  { definition, servers }: Service,
  running: readonly RunningServer[],
  capabilities: ServerCapabilities,
): ServerPlan {
  const { backend } = definition;
  const have = new Map(running.map((server) => [server.name, server]));
  const ids = new Set(running.map(({ id }) => id));
  const wantedIds = new Set(servers.map(({ id }) => id));
  const steps: ServerStep[] = [];
  for (const server of servers) {
    const known = have.get(server.name);
    have.delete(server.name);
    if (known === undefined) {
      const why = whyNotAddable(definition, capabilities);
      if (why !== undefined) return { kind: 'reload', reason: why };
      const id = ids.has(server.id) ? freeId(server.id, ids, wantedIds) : server.id;
      ids.add(id);
      steps.push({ kind: 'add', backend, server: { ...server, id }, definition });
    } else if (known.port !== server.port || !sameAddress(known.address, server.address)) {
      return { kind: 'reload', reason: `server ${server.name} has another address` };
    } else {
      const { initialWeight = 1, checked = true } = known;
      const weight = initialWeight === 0 ? 1 : initialWeight;
      const check = checksServers(definition) && !checked;
      if (check || !isAdmitted(known, server.admission, weight)) {
        // [haproxy] management.txt 9.3 "set server weight": a static balance takes only the first weight, or none.
        if (isStatic(definition) && server.admission === 'ready' && initialWeight === 0)
          return { kind: 'reload', reason: 'balance static-rr gives no weight back at runtime' };
        steps.push({
          ...{ kind: 'admit', backend, server: server.name, admission: server.admission, weight },
          ...(check ? { check } : {}),
        });
      }
    }
  }
  for (const { name, admin } of have.values()) {
    steps.push({ kind: admin === 'maint' ? 'delete' : 'remove', backend, server: name });
  }
  return { kind: 'steps', steps };
}

/** A server of the configuration that is drained has no weight; one that is drained at runtime has that state. */
function isAdmitted(
  { admin, weight }: RunningServer,
  admission: Server['admission'],
  readyWeight: number,
): boolean {
  if (admission === 'ready') return admin === 'ready' && weight === readyWeight;
  if (admission === 'maint') return admin === 'maint';
  return admin === 'drain' || (admin === 'ready' && weight === 0);
}

/**
 * Ids are made from names, and the one that comes second to an id gets another. At runtime they come in
 * another order than in the file, so an id may be taken until the next reload.
 */
function freeId(from: number, ...taken: ReadonlySet<number | undefined>[]): number {
  let id = from;
  while (taken.some((ids) => ids.has(id))) id = (id % mostId) + 1;
  return id;
}

const mostId = 32766;

/** HAProxy writes an address of IPv6 in its shortest form; Mesos may not. */
function sameAddress(a: string, b: string): boolean {
  return a === b || (a.includes(':') && b.includes(':') && shortest(a) === shortest(b));
}

function shortest(address: string): string {
  const url = `http://[${address}]`;
  return URL.canParse(url) ? new URL(url).hostname : address;
}

/** [haproxy] management.txt 9.3 "add server": dynamic balance only; cookies from 3.0 on. */
function whyNotAddable(
  definition: ServiceDefinition,
  { version, addServerCookie, refusedServerWords }: ServerCapabilities,
): string | undefined {
  if (isStatic(definition)) return 'balance static-rr takes no server at runtime';
  if (definition.sticky && !addServerCookie)
    return `HAProxy ${version} adds no server with a cookie at runtime`;
  const { fixedServers, serverWords = [] } = definition.fragments ?? {};
  if (fixedServers !== undefined) return fixedServers;
  const refused = serverWords.find((word) => refusedServerWords.has(word));
  if (refused !== undefined) return `HAProxy ${version} adds no server with ${refused} at runtime`;
  // The runtime socket has other rules of quoting than the file.
  const odd = serverWords.find((word) => /[\s;\\"'<]/.test(word));
  if (odd !== undefined)
    return `a word like ${JSON.stringify(odd)} of a server line cannot be said at runtime`;
  return undefined;
}

const isStatic = ({ balance, fragments }: ServiceDefinition): boolean =>
  balance.words[0] === 'static-rr' && fragments?.texts.BACKEND_HEAD === undefined;
