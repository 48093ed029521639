/** Handles one request of the status server: finds the route, asks the guard, reads the body, sends the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf, PacerError } from '../errors.ts';
import type { createGuard } from './guard.ts';
import { failure, json, type Answer, type Route } from './route.ts';

/** Bytes of a body. */
const largestBody = 262_144;

const contentTypes: Record<Answer['type'], string> = {
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  metrics: 'text/plain; version=0.0.4; charset=utf-8',
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  script: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Only content from this server may run in, or be loaded by, its pages. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const securityHeaders = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Answers every request that node:http could parse. Never rejects. */
export function responder(routes: () => readonly Route[], guard: ReturnType<typeof createGuard>) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = await answerTo(request, routes(), guard);
    const body = answer.type === 'json' ? `${JSON.stringify(answer.body, null, 2)}\n` : String(answer.body);
    response.writeHead(answer.status, {
      'Content-Type': contentTypes[answer.type],
      'Content-Length': Buffer.byteLength(body),
      'Content-Security-Policy':
        answer.type === 'html' ? pagePolicy : "default-src 'none'; frame-ancestors 'none'",
      ...securityHeaders,
      ...answer.headers,
      // The unread rest of a body would be taken for the next request.
      ...(request.complete ? {} : { Connection: 'close' }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

async function answerTo(
  request: IncomingMessage,
  routes: readonly Route[],
  guard: ReturnType<typeof createGuard>,
): Promise<Answer> {
  try {
    const target = targetOf(request);
    if (target === undefined) return failure(400, 'the request has no valid path');
    const found = routes.flatMap((route) => {
      const rest = below(route.path, target.pathname);
      return rest === undefined ? [] : [{ route, rest }];
    });
    if (found.length === 0) return unknownPath(target.pathname, routes);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const match = found.find(({ route }) => route.method === method);
    if (match === undefined) return wrongMethod(found.map(({ route }) => route.method));
    const { route, rest } = match;
    const verdict = guard(request, route);
    if ('refused' in verdict) return verdict.refused;
    const body = route.method === 'POST' ? await bodyOf(request) : '';
    if (body === undefined) return failure(413, `a body may have at most ${largestBody} bytes here`);
    const query = target.searchParams;
    const answer = await route.answer({ rest: decodeURIComponent(rest), query, body, ...verdict });
    return answer ?? failure(404, `nothing is at ${target.pathname}`);
  } catch (error) {
    if (error instanceof URIError) return failure(400, 'the path has a broken % escape');
    if (!(error instanceof PacerError)) return failure(500, messageOf(error));
    const { code, message, remedy } = error;
    return json({ code, message, remedy }, code === 'REQUEST_INVALID' ? 400 : 500);
  }
}

function targetOf({ url = '' }: IncomingMessage): URL | undefined {
  return url.startsWith('/') && URL.canParse(`http://status${url}`)
    ? new URL(`http://status${url}`)
    : undefined;
}

/** The part of the path that matches `*`, or '' if there is no `*`; undefined if the path does not match. */
function below(pattern: string, path: string): string | undefined {
  if (!pattern.endsWith('/*')) return path === pattern ? '' : undefined;
  const stem = pattern.slice(0, -1);
  return path.startsWith(stem) && path.length > stem.length ? path.slice(stem.length) : undefined;
}

function wrongMethod(methods: readonly string[]): Answer {
  const allowed = [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
  return {
    ...failure(405, `only ${allowed.join(' and ')} ${allowed.length === 1 ? 'is' : 'are'} possible here`),
    headers: { Allow: allowed.join(', ') },
  };
}

function unknownPath(path: string, routes: readonly Route[]): Answer {
  const known = [...new Set(routes.filter(({ method }) => method === 'GET').map((route) => route.path))];
  return failure(404, `nothing is at ${path}; there are ${known.sort().join(', ')}`);
}

/** Undefined if it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  if (Number(request.headers['content-length'] ?? 0) > largestBody) return undefined;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > largestBody) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
