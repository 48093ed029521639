/**
 * Which Marathon to ask next and who may see the credentials: the configured endpoints, the one that answered
 * last, and the leader they announce. It must not know HTTP.
 * [marathon] api/LeaderProxyFilter.scala: X-Marathon-Leader on every answer, 302 of /v2/events to the leader
 */
import { basicAuthorizer, type Authorizer } from './auth/authorizer.ts';

export interface EndpointsOptions {
  readonly endpoints: readonly URL[];
  /** For all endpoints; without it each has what its own URL holds. */
  readonly authorizer?: Authorizer;
  readonly now?: () => number;
}

/** A leader's announced address may be one that only Marathon's own network can reach. */
const avoidMs = 60_000;

export class Endpoints {
  readonly configured: readonly URL[];
  readonly #authorizers = new Map<string, Authorizer>();
  readonly #avoidUntil = new Map<string, number>();
  readonly #now: () => number;
  #good: URL;
  #leader: URL | undefined;

  constructor({ endpoints, authorizer, now = Date.now }: EndpointsOptions) {
    this.configured = endpoints.map(withoutCredentials);
    const [first] = this.configured;
    if (first === undefined) throw new TypeError('no Marathon endpoint');
    this.#good = first;
    this.#now = now;
    for (const url of endpoints) {
      const used = authorizer ?? authorizerIn(url);
      if (used !== undefined) this.#authorizers.set(url.origin, used);
    }
  }

  get leader(): URL | undefined {
    return this.#leader;
  }

  /** In the order in which to ask them. */
  candidates(prefer?: URL): URL[] {
    const wanted = [prefer, this.#leader, this.#good, ...this.configured].filter((url) => url !== undefined);
    const unique = [...new Map(wanted.map((url) => [url.href, url])).values()];
    const now = this.#now();
    const welcome = unique.filter((url) => (this.#avoidUntil.get(url.origin) ?? 0) <= now);
    return welcome.length > 0 ? welcome : unique;
  }

  /** The configured endpoint to attach the event stream to after `previous`. */
  following(previous: URL | undefined): URL {
    if (previous === undefined) return this.#good;
    const index = this.configured.findIndex((url) => url.href === previous.href);
    return this.configured[(index + 1) % this.configured.length] ?? previous;
  }

  answered(url: URL): void {
    this.#avoidUntil.delete(url.origin);
    if (this.#isConfigured(url)) this.#good = url;
  }

  failed(url: URL): void {
    if (this.#isConfigured(url)) return;
    this.#avoidUntil.set(url.origin, this.#now() + avoidMs);
    if (this.#leader?.href === url.href) this.#leader = undefined;
  }

  /** Undefined for whom the credentials are none of its business. */
  authorizerFor(url: URL): Authorizer | undefined {
    return this.#authorizers.get(url.origin);
  }

  /**
   * The leader that `from` names, as the address to use for it. A configured endpoint of the same host is
   * preferred: it has the scheme, port and path that the operator wants. The leader gets the credentials
   * of the endpoint that names it, but never over plain HTTP where that one is asked over TLS.
   * [marathon] a node that serves both schemes redirects to http
   */
  learnLeader(named: string, from: URL): URL | undefined {
    if (!this.#isConfigured(from)) return undefined;
    const url = URL.canParse(named) ? withoutCredentials(new URL(named)) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
    const own = this.configured.find((endpoint) => endpoint.host === url.host) ?? this.#sameHost(url, from);
    if (own !== undefined) return (this.#leader = own);
    const leader = new URL(url.origin);
    const authorizer = this.#authorizers.get(from.origin);
    const downgrade = from.protocol === 'https:' && leader.protocol === 'http:';
    if (authorizer !== undefined && downgrade) return undefined;
    if (authorizer !== undefined) this.#authorizers.set(leader.origin, authorizer);
    if ((this.#avoidUntil.get(leader.origin) ?? 0) > this.#now()) return undefined;
    return (this.#leader = leader);
  }

  #isConfigured(url: URL): boolean {
    return this.configured.some((endpoint) => endpoint.href === url.href);
  }

  /** On TLS the port of an announced http address is of no use, the host is. */
  #sameHost(url: URL, from: URL): URL | undefined {
    if (from.protocol !== 'https:' || url.protocol !== 'http:') return undefined;
    return this.configured.find(
      ({ protocol, hostname }) => protocol === 'https:' && hostname === url.hostname,
    );
  }
}

/** For messages: never with a password. */
export function describeUrl(url: URL): string {
  return withoutCredentials(url).href.replace(/\/$/, '');
}

/** `path` below the endpoint, which may itself have a path, as behind an admin router. */
export function pathBelow(endpoint: URL, path: string): string {
  return `${endpoint.pathname.replace(/\/+$/, '')}${path}`;
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function authorizerIn({ username, password }: URL): Authorizer | undefined {
  return username === ''
    ? undefined
    : basicAuthorizer({ user: decode(username), password: decode(password) });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
