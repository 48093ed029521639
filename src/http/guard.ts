/**
 * Decides who may request what from the status server: tokens, client certificates, and protection from pages of other
 * sites.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { rateLimit } from './rate-limit.ts';
import { failure, type Answer, type Route } from './route.ts';
import type { Tokens } from './token-file.ts';

/** What the decision depends on. */
export interface GuardOptions {
  /** True if only this machine can connect. */
  readonly loopback: boolean;
  /** The host name it listens on, which requests may use. */
  readonly host: string;
  readonly tokens: Tokens | undefined;
  /** True if a client certificate is as good as a token. */
  readonly clientCertificates: boolean;
  readonly now: () => number;
}

type Verdict = { readonly trusted: boolean } | { readonly refused: Answer };

/** How many wrong tokens may be tried, by all clients together, before tokens are not checked any more. */
const wrongTokens = { burst: 20, perSecond: 1 };

/** @returns a function that decides on a request */
export function createGuard(options: GuardOptions): (request: IncomingMessage, route: Route) => Verdict {
  const { loopback, tokens, clientCertificates, now } = options;
  const mayGuess = rateLimit(wrongTokens, now);
  const buckets = new Map<Route, () => boolean>();

  function overRate(route: Route): boolean {
    if (route.rate === undefined) return false;
    const take = buckets.get(route) ?? rateLimit(route.rate, now);
    buckets.set(route, take);
    return !take();
  }

  return (request, route) => {
    const token = bearer(request);
    const certified = clientCertificates && request.socket instanceof TLSSocket && request.socket.authorized;
    const known = token !== undefined && tokens?.has(token) === true;
    const trusted = certified || known;
    if (token !== undefined && !trusted && route.access !== 'open') {
      return { refused: mayGuess() ? unauthorized('this token is not known here') : tooMany };
    }
    if (!trusted && (route.access === 'change' || (route.access === 'read' && !loopback))) {
      const none = tokens === undefined && !clientCertificates;
      return { refused: none ? nothingToChange : unauthorized('this needs a token') };
    }
    const otherSite = pageOfAnotherSite(request, route, known, options);
    if (otherSite !== undefined) return { refused: failure(403, otherSite) };
    return overRate(route) ? { refused: tooMany } : { trusted };
  };
}

/**
 * A browser on this machine can reach the server, too, and it runs other people's pages. A page whose name was made to
 * resolve to this machine (DNS rebinding) sends that name; a page of another site that sends a request has an Origin
 * header.
 */
function pageOfAnotherSite(
  request: IncomingMessage,
  route: Route,
  withToken: boolean,
  { host: own }: GuardOptions,
): string | undefined {
  const { host = '', origin, 'sec-fetch-site': site } = request.headers;
  const secure = request.socket instanceof TLSSocket;
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  const ours = isIP(name) !== 0 || name === 'localhost' || name === own.toLowerCase();
  // With a token, or a certificate that matches the name, the name needs no other proof.
  if (route.access !== 'open' && !withToken && !secure && !ours) {
    return `this server is not called ${JSON.stringify(name)}; use its address instead`;
  }
  if (route.rate === undefined) return undefined;
  const foreign = origin !== undefined && origin !== `${secure ? 'https' : 'http'}://${host}`;
  return foreign || site === 'cross-site' || site === 'same-site'
    ? 'pages of other sites may not do this'
    : undefined;
}

function bearer({ headers: { authorization } }: IncomingMessage): string | undefined {
  return authorization === undefined ? undefined : (/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '');
}

const unauthorized = (message: string): Answer => ({
  ...failure(401, message, 'send `Authorization: Bearer TOKEN`, with a token of --status-token-file'),
  headers: { 'WWW-Authenticate': 'Bearer' },
});

const nothingToChange = failure(
  403,
  'nothing can be changed over this server',
  'start Pacer with --status-token-file, or with --status-tls-client-ca',
);

const tooMany: Answer = { ...failure(429, 'too many requests'), headers: { 'Retry-After': '1' } };
