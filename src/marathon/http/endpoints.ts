/**
 * Which Marathon to ask next, and which one may see the credentials: the endpoints that were configured or found, their
 * health, and the leader they announce. Knows nothing of HTTP, nor of how endpoints are found.
 * [marathon] api/LeaderProxyFilter.scala: X-Marathon-Leader on every answer, 302 of /v2/events to the leader
 */
import { basicAuthorizer, type Authorizer } from './authorizer.ts';
import { addressOf } from './pinned.ts';

/** The endpoints at the start. */
export interface EndpointsOptions {
  /** Can change later: see `replace`. */
  readonly endpoints: readonly URL[];
  /** For all endpoints. Without it, each uses the credentials in its own URL. */
  readonly authorizer?: Authorizer;
  readonly now?: () => number;
}

/** The health of an endpoint. Times in milliseconds since the epoch. */
export interface EndpointStatus {
  readonly url: string;
  readonly leader: boolean;
  /** Whether it answered the last request; null if it was never asked. */
  readonly healthy: boolean | null;
  readonly answeredAt?: number;
  readonly lastError?: { readonly message: string; readonly at: number };
}

interface Health {
  readonly answeredAt: number | undefined;
  readonly failure: { readonly message: string; readonly at: number } | undefined;
  /** Whether it answered the last request. */
  readonly ok: boolean;
}

/** Milliseconds. The address that a leader announces may be reachable only from Marathon's own network. */
const avoidMs = 60_000;

/** All endpoints. */
export class Endpoints {
  #authorizer: Authorizer | undefined;
  readonly #authorizers = new Map<string, Authorizer>();
  readonly #avoidUntil = new Map<string, number>();
  readonly #health = new Map<string, Health>();
  readonly #now: () => number;
  #configured: readonly URL[] = [];
  #good: URL | undefined;
  #leader: URL | undefined;

  constructor({ endpoints, authorizer, now = Date.now }: EndpointsOptions) {
    this.#authorizer = authorizer;
    this.#now = now;
    this.replace(endpoints);
  }

  /** The endpoints that were configured or found, as opposed to those that a Marathon announced. */
  get configured(): readonly URL[] {
    return this.#configured;
  }

  get leader(): URL | undefined {
    return this.#leader;
  }

  /** Replaces the endpoints. `leader`: the one that is known to lead. */
  replace(endpoints: readonly URL[], leader?: URL): void {
    this.#configured = endpoints.map(withoutCredentials);
    const announced = this.#leader === undefined ? undefined : this.#authorizers.get(this.#leader.origin);
    this.#authorizers.clear();
    if (this.#leader !== undefined && announced !== undefined)
      this.#authorizers.set(this.#leader.origin, announced);
    for (const url of endpoints) {
      const used = this.#authorizer ?? authorizerIn(url);
      if (used !== undefined) this.#authorizers.set(url.origin, used);
    }
    const known = new Set(this.#configured.map(({ href }) => href));
    for (const href of this.#health.keys()) if (!known.has(href)) this.#health.delete(href);
    if (this.#good !== undefined && !known.has(this.#good.href)) this.#good = undefined;
    if (leader !== undefined) this.#leader = withoutCredentials(leader);
  }

  /** Replaces the credentials of all endpoints that may see the previous ones. */
  useAuthorizer(authorizer: Authorizer): void {
    this.#authorizer = authorizer;
    for (const origin of this.#authorizers.keys()) this.#authorizers.set(origin, authorizer);
  }

  /** The endpoints in the order in which to ask them; empty if none has been found yet. */
  candidates(prefer?: URL): URL[] {
    const wanted = [prefer, this.#leader, this.#good, ...this.#configured].filter((url) => url !== undefined);
    const unique = [...new Map(wanted.map((url) => [url.href, url])).values()];
    const welcome = unique.filter((url) => !this.#isAvoided(url));
    // An endpoint that hangs would delay each request by the full timeout before the next one is asked.
    const fails = (url: URL) => this.#health.get(url.href)?.ok === false;
    const all = welcome.length > 0 ? welcome : unique;
    return [...all.filter((url) => !fails(url)), ...all.filter(fails)];
  }

  /** The endpoint to attach the event stream to after `previous`; undefined if none has been found yet. */
  following(previous: URL | undefined): URL | undefined {
    const leader = this.#leader;
    if (leader !== undefined && leader.href !== previous?.href && !this.#isAvoided(leader)) return leader;
    const good = this.#good ?? this.#configured[0];
    if (previous === undefined) return good;
    const index = this.#configured.findIndex((url) => url.href === previous.href);
    return this.#configured[(index + 1) % this.#configured.length] ?? good;
  }

  /** `probed`: this was only a test, so it does not make the endpoint the preferred one. */
  answered(url: URL, probed = false): void {
    this.#avoidUntil.delete(url.href);
    if (!this.#isListed(url)) return;
    if (!probed) this.#good = url;
    this.#health.set(url.href, {
      answeredAt: this.#now(),
      failure: this.#health.get(url.href)?.failure,
      ok: true,
    });
  }

  failed(url: URL, message: string): void {
    if (this.#leader?.href === url.href) this.#leader = undefined;
    if (this.#isListed(url)) {
      const failure = { message, at: this.#now() };
      this.#health.set(url.href, { answeredAt: this.#health.get(url.href)?.answeredAt, failure, ok: false });
    } else if (!this.#isConfigured(url)) this.#avoidUntil.set(url.href, this.#now() + avoidMs);
  }

  /** Endpoints that have not answered for this many milliseconds. */
  unheardOf(ms: number): URL[] {
    return this.#configured.filter((url) => {
      const { answeredAt = 0, failure } = this.#health.get(url.href) ?? {};
      return this.#now() - Math.max(answeredAt, failure?.at ?? 0) >= ms;
    });
  }

  /** Its event stream has ended. That is what happens when a leader loses its leadership. */
  lostStream(url: URL): void {
    if (this.#leader?.href === url.href) this.#leader = undefined;
  }

  /** Undefined if this host may not see the credentials. */
  authorizerFor(url: URL): Authorizer | undefined {
    return this.#authorizers.get(url.origin);
  }

  status(): EndpointStatus[] {
    return this.#configured.map((url) => {
      const { answeredAt, failure, ok } = this.#health.get(url.href) ?? {};
      return {
        url: describeUrl(url),
        leader: this.#leader?.href === url.href,
        healthy: ok ?? null,
        ...(answeredAt !== undefined && { answeredAt }),
        ...(failure !== undefined && { lastError: failure }),
      };
    });
  }

  /**
   * The leader that `from` names, as the address to use for it. If a configured endpoint has the same host, that one is
   * used: it has the scheme, port and path that the operator wants. The leader gets the credentials of the endpoint
   * that names it, but never over plain HTTP if that one was asked over TLS.
   * [marathon] a node that serves both schemes redirects to http
   */
  learnLeader(named: string, from: URL): URL | undefined {
    if (!this.#isConfigured(from)) return undefined;
    const url = URL.canParse(named) ? withoutCredentials(new URL(named)) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
    const own =
      [from, ...this.#configured].find((endpoint) => isNamed(url, endpoint)) ?? this.#sameHost(url, from);
    if (own !== undefined) return (this.#leader = own);
    const leader = new URL(url.origin);
    const authorizer = this.#authorizers.get(from.origin);
    const downgrade = from.protocol === 'https:' && leader.protocol === 'http:';
    if (authorizer !== undefined && downgrade) return undefined;
    if (authorizer !== undefined) this.#authorizers.set(leader.origin, authorizer);
    if (this.#isAvoided(leader)) return undefined;
    return (this.#leader = leader);
  }

  #isListed(url: URL): boolean {
    return this.#configured.some((endpoint) => endpoint.href === url.href);
  }

  /** Whatever its address: the name is the one that was configured. */
  #isConfigured(url: URL): boolean {
    return this.#configured.some(
      ({ origin, pathname }) => origin === url.origin && pathname === url.pathname,
    );
  }

  #isAvoided(url: URL): boolean {
    return (this.#avoidUntil.get(url.href) ?? 0) > this.#now();
  }

  /** For TLS, the port of an announced http address is useless, but its host is not. */
  #sameHost(url: URL, from: URL): URL | undefined {
    if (from.protocol !== 'https:' || url.protocol !== 'http:') return undefined;
    return this.#configured.find(
      ({ protocol, hostname }) => protocol === 'https:' && hostname === url.hostname,
    );
  }
}

/** Whether the name is the endpoint's name, or one of several addresses of it. */
function isNamed(named: URL, endpoint: URL): boolean {
  if (endpoint.host === named.host) return true;
  const address = addressOf(endpoint);
  return (
    address !== undefined &&
    address === named.hostname.replace(/^\[|\]$/g, '') &&
    endpoint.port === named.port
  );
}

/** A URL for messages, never with a password. */
export function describeUrl(url: URL): string {
  const address = addressOf(url);
  const plain = withoutCredentials(url);
  plain.hash = '';
  const text = plain.href.replace(/\/$/, '');
  return address === undefined || address === url.hostname ? text : `${text} (${address})`;
}

/** `path` below the endpoint, which may itself have a path, for example behind an admin router. */
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
