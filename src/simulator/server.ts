/** The HTTP side of a Marathon: credentials, faults, headers, compression; the API itself is in api/. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzip } from 'node:zlib';
import { ApiError } from './api-error.ts';
import { asksForEvents, notAnEventStream, openEventStream, type EventsContext } from './api/events.ts';
import { readJson, type Answer, type Exchange } from './api/exchange.ts';
import type { AnswerFault } from './faults/faults.ts';

export interface ServerContext {
  readonly events: EventsContext;
  readonly auth: { user: string; password: string } | undefined;
  readonly answer: (exchange: Exchange) => Promise<Answer>;
}

const always = {
  'X-Frame-Options': 'DENY',
  'X-XSS-Protection': '1; mode=block',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Expires: '0',
};

export class MarathonServer {
  #context: ServerContext | undefined;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  port = 0;

  /** From now on it answers; before, nobody knows its port. */
  serve(context: ServerContext): void {
    this.#context = context;
  }

  async listen(host: string, port: number): Promise<void> {
    const server = createServer((request, response) => {
      const context = this.#context;
      if (context) handle(context, request, response).catch(() => response.destroy());
      else response.destroy();
    });
    // [marathon] The idle timeout of its connector.
    server.keepAliveTimeout = 30_000;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: 1024 }, resolve);
    });
    const address = server.address();
    this.port = typeof address === 'object' && address ? address.port : port;
    this.#server = server;
  }

  /** Closes the port and cuts all connections. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

async function handle(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { events, auth, answer } = context;
  const { pathname, searchParams } = new URL(`http://marathon${request.url ?? '/'}`);
  const path = decoded(pathname);
  const isControl = path.startsWith('/_simulator');
  const fault = isControl ? undefined : events.faults.take(path);
  if (fault?.kind === 'reset') request.socket.resetAndDestroy();
  if (fault?.kind === 'hang' || fault?.kind === 'reset') return;
  if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms).unref());
  if (!isControl && (fault?.kind === 'unauthorized' || !authorized(request, auth))) {
    return send(context, request, response, unauthorized, undefined);
  }
  if (fault?.kind === 'status') {
    const json = { message: `The simulator was asked for ${fault.status}` };
    return send(context, request, response, { status: fault.status, json }, undefined);
  }
  if (path.startsWith('/v2/events')) return serveEvents(context, request, response, searchParams);
  const exchange = {
    method: request.method ?? 'GET',
    path,
    query: searchParams,
    request,
    json: () => readJson(request),
  };
  const given = await answer(exchange).catch(errorAnswer);
  return send(context, request, response, given, fault);
}

async function serveEvents(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  const { events } = context;
  const { redirect } = events.faults;
  if (redirect !== undefined) {
    const Location = `${redirect}${request.url ?? '/v2/events'}`;
    return send(context, request, response, { status: 302, headers: { Location } }, undefined);
  }
  if (request.method === 'GET' && asksForEvents(request)) {
    openEventStream(events, request, query);
    return;
  }
  if (request.method === 'OPTIONS') {
    const headers = { Allow: 'GET, HEAD, OPTIONS' };
    return send(context, request, response, { status: 200, headers }, undefined);
  }
  const page = { status: 405, text: notAnEventStream, type: 'text/html;charset=utf-8' };
  return send(context, request, response, page, undefined);
}

async function send(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  fault: AnswerFault | undefined,
): Promise<void> {
  const { json } = answer;
  const text =
    json === undefined ? (answer.text ?? '') : typeof json === 'string' ? json : JSON.stringify(json);
  const plain = Buffer.from(fault ? spoiled(text, fault) : text);
  const packs = json !== undefined && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const body = packs ? await packed(plain) : plain;
  if (packs && fault?.kind === 'corrupt-gzip') body.fill(0x5a, Math.min(12, body.length / 2));
  response.writeHead(answer.status, {
    'X-Marathon-Leader': context.events.leaderUrl(),
    ...always,
    ...(json === undefined && answer.text === undefined
      ? {}
      : { 'Content-Type': answer.type ?? 'application/json' }),
    ...(packs ? { 'Content-Encoding': 'gzip' } : {}),
    ...(json === undefined ? {} : { Vary: 'Accept-Encoding, User-Agent' }),
    'Content-Length': body.length,
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

const unauthorized: Answer = {
  status: 401,
  headers: { 'WWW-Authenticate': 'basic realm="Mesosphere"' },
  text: '<html><body><h2>HTTP ERROR 401</h2><p>Unauthorized</p></body></html>\n',
  type: 'text/html;charset=iso-8859-1',
};

function authorized(request: IncomingMessage, auth: ServerContext['auth']): boolean {
  if (!auth) return true;
  const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
  const given = Buffer.from(token, 'base64').toString('utf8');
  return scheme.toLowerCase() === 'basic' && given === `${auth.user}:${auth.password}`;
}

function errorAnswer(error: unknown): Answer {
  if (error instanceof ApiError) return { status: error.status, json: error.body };
  return { status: 500, json: { message: error instanceof Error ? error.message : String(error) } };
}

function packed(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(bytes, { level: 1 }, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What faults make of the text of an answer. */
function spoiled(text: string, fault: AnswerFault): string {
  switch (fault.kind) {
    case 'truncated':
      return text.slice(0, Math.floor(text.length / 2));
    case 'garbage':
      return '<html>This is not JSON</html>';
    case 'empty-apps':
      return '{"apps":[]}';
    default:
      return text;
  }
}
