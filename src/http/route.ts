/**
 * What can be requested from the status server, and the form of its answers. Any part of the daemon makes routes with
 * `get` and `post`; the server decides, in one place, who may use them, how often and from where.
 */

/** A request, as a route sees it. */
export interface StatusRequest {
  /** The part of the path that matches the `*` of the route, decoded; '' if it has none. */
  readonly rest: string;
  readonly query: URLSearchParams;
  /** The body as text; '' if there is none. */
  readonly body: string;
  /** True if the request came with the token or a client certificate. */
  readonly trusted: boolean;
}

/** The answer of a route. */
export interface Answer {
  readonly status: number;
  readonly type: 'json' | 'text' | 'metrics' | 'html' | 'css' | 'script' | 'svg';
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * `open`: everybody who reaches the port. `read`: everybody on this machine; if the server listens on other addresses,
 * only clients with the token or a client certificate. `change`: only clients with one of these.
 */
export type Access = 'open' | 'read' | 'change';

/** A bucket of `burst` requests, refilled at `perSecond`. More requests are answered with 429. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Undefined means 404: it does not exist. */
type Handler = (request: StatusRequest) => Answer | undefined | Promise<Answer | undefined>;

/** A route of the status server. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/status`, or `/apps/*` for everything below. */
  readonly path: string;
  readonly access: Access;
  /** Set if a request has an effect. Such a route refuses requests from pages of other sites. */
  readonly rate: Rate | undefined;
  readonly answer: Handler;
}

const fewOnly: Rate = { burst: 5, perSecond: 1 };

/** A route that only reads. With a `rate`, it is one that has an effect anyway. */
export const get = (path: string, answer: Handler, { access = 'read', rate }: Options = {}): Route => ({
  ...{ method: 'GET', path, answer, access, rate },
});

/** A route that changes something. */
export const post = (
  path: string,
  answer: Handler,
  { access = 'change', rate = fewOnly }: Options = {},
): Route => ({ method: 'POST', path, answer, access, rate });

interface Options {
  readonly access?: Access;
  readonly rate?: Rate;
}

/** An answer as JSON. */
export const json = (body: unknown, status = 200): Answer => ({ status, type: 'json', body });

/** An answer as text. */
export const text = (body: string, status = 200): Answer => ({ status, type: 'text', body });

/** An error, for the person or program that sent the request. */
export const failure = (status: number, message: string, remedy?: string): Answer =>
  json({ message, ...(remedy === undefined ? {} : { remedy }) }, status);
