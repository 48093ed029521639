/**
 * What the status server can be asked, and the shape of its answers. Any part of the daemon makes routes with
 * `get` and `post`; who may use them, how often and from where is decided by the server, in one place.
 */

export interface StatusRequest {
  /** What stands for the `*` of the route's path, decoded; '' without one. */
  readonly rest: string;
  readonly query: URLSearchParams;
  /** The body as text; '' where there is none. */
  readonly body: string;
  /** True where the request came with the token or with a client certificate. */
  readonly trusted: boolean;
}

export interface Answer {
  readonly status: number;
  readonly type: 'json' | 'text' | 'metrics' | 'html' | 'css' | 'script' | 'svg';
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * `open`: whoever reaches the port. `read`: everyone on this machine; where the server listens on other addresses,
 * whoever has the token or a client certificate. `change`: only who has one of these.
 */
export type Access = 'open' | 'read' | 'change';

/** A bucket of `burst` requests that fills up again at `perSecond`; what is over it gets 429. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Undefined: there is no such thing, 404. */
type Handler = (request: StatusRequest) => Answer | undefined | Promise<Answer | undefined>;

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/status`, or `/apps/*` for all that is below. */
  readonly path: string;
  readonly access: Access;
  /** Set where a request has an effect; such a route takes no requests of other sites' pages. */
  readonly rate: Rate | undefined;
  readonly answer: Handler;
}

const fewOnly: Rate = { burst: 5, perSecond: 1 };

/** A route that only tells. With a `rate` it is one that has an effect all the same. */
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

export const json = (body: unknown, status = 200): Answer => ({ status, type: 'json', body });

export const text = (body: string, status = 200): Answer => ({ status, type: 'text', body });

/** What went wrong, for the person or program that asked. */
export const failure = (status: number, message: string, remedy?: string): Answer =>
  json({ message, ...(remedy === undefined ? {} : { remedy }) }, status);
