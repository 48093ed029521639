/** The status server: a handful of read-only routes over node:http. Knows nothing of what the answers say. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, PacerError } from '../errors.ts';

export interface Answer {
  readonly status: number;
  readonly type: 'json' | 'text' | 'metrics';
  readonly body: unknown;
}

/** Answers a path below its prefix; undefined = not found. */
export type Route = (
  rest: string,
  query: URLSearchParams,
) => Answer | undefined | Promise<Answer | undefined>;

export interface StatusServer {
  readonly address: string;
  readonly close: () => Promise<void>;
}

const contentTypes = {
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  metrics: 'text/plain; version=0.0.4; charset=utf-8',
};

/** @throws PacerError PORT_IN_USE */
export async function startStatusServer(
  listen: { readonly host: string; readonly port: number },
  routes: ReadonlyMap<string, Route>,
): Promise<StatusServer> {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 16_384 },
    (request, response) => {
      void respond(request, response, routes);
    },
  );
  server.maxConnections = 256;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(listen, error)));
    server.listen(listen, resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, Route>,
): Promise<void> {
  const answer = await answerTo(request, routes);
  const text = answer.type === 'json' ? `${JSON.stringify(answer.body, null, 2)}\n` : String(answer.body);
  response.writeHead(answer.status, {
    'Content-Type': contentTypes[answer.type],
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(answer.status === 405 ? { Allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

async function answerTo(request: IncomingMessage, routes: ReadonlyMap<string, Route>): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return failure(405, 'only GET and HEAD are answered here');
  const target = URL.canParse(request.url ?? '', 'http://status')
    ? new URL(request.url ?? '', 'http://status')
    : undefined;
  if (target === undefined) return failure(400, 'the request has no proper path');
  const [, first = '', ...rest] = target.pathname.split('/');
  try {
    const answer = await routes.get(first)?.(decodeURIComponent(rest.join('/')), target.searchParams);
    return (
      answer ??
      failure(
        404,
        `nothing is at ${target.pathname}; there are ${[...routes.keys()].map((name) => `/${name}`).join(', ')}`,
      )
    );
  } catch (error) {
    return error instanceof URIError
      ? failure(400, 'the path has a broken % escape')
      : failure(500, messageOf(error));
  }
}

export const failure = (status: number, message: string): Answer => ({
  status,
  type: 'json',
  body: { message },
});

function cannotListen(listen: { host: string; port: number }, cause: Error): PacerError {
  const place = `${listen.host}:${listen.port}`;
  const inUse = 'code' in cause && cause.code === 'EADDRINUSE';
  return new PacerError(
    'PORT_IN_USE',
    inUse ? `the status address ${place} is in use` : `the status address ${place} cannot be bound`,
    'end what listens there, or choose another address with --status-listen',
    { cause },
  );
}
