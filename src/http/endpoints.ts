/**
 * What the statistics port is asked and only Pacer knows, answered on a unix socket behind HAProxy, which has judged
 * who may ask. Knows nothing of what the answers say.
 */
import { chmod, chown, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { messageOf, PacerError } from '../errors.ts';
import { text, type Answer } from './route.ts';
import type { Tokens } from './token-file.ts';

export interface EndpointRequest {
  /** May change something: by its address, or with a token. */
  readonly trusted: boolean;
  /** What follows the `?`, as it was sent. */
  readonly query: string;
}

/** Answers one path; what it throws is answered with 503. */
export type Endpoint = (request: EndpointRequest) => Answer | Promise<Answer>;

/** What HAProxy says of the client; it takes away what the client says itself. */
const trustHeader = 'x-pacer-trusted';

/** The longest a unix socket's path may be. [linux] unix(7) */
const longestPath = 107;

/** @throws PacerError PORT_IN_USE, SOCKET_PATH_TOO_LONG */
export async function serveEndpoints(
  socket: string,
  endpoints: ReadonlyMap<string, Endpoint>,
  tokens: Tokens | undefined,
  /** Who may connect beside Pacer's own user. */
  client?: { readonly uid: number; readonly gid: number },
): Promise<{ readonly close: () => Promise<void> }> {
  if (Buffer.byteLength(socket) > longestPath) {
    throw new PacerError(
      'SOCKET_PATH_TOO_LONG',
      `the socket path ${socket} is too long`,
      'choose a shorter --state-dir',
    );
  }
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    // Whatever the body is, it means nothing here.
    request.resume();
    void answerTo(request, endpoints, tokens).then(({ status, body, headers }) => {
      const content = String(body);
      response.writeHead(status, {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Length': Buffer.byteLength(content),
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        ...headers,
      });
      response.end(request.method === 'HEAD' ? undefined : content);
    });
  });
  server.maxConnections = 64;
  // One that is left is nobody's: the state directory has one owner at a time.
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new PacerError('PORT_IN_USE', `the socket ${socket} cannot be made`, 'choose another --state-dir', {
          cause,
        }),
      ),
    );
    server.listen(socket, resolve);
  });
  // HAProxy may run as another user of the group; the directory keeps everybody else out.
  await chmod(socket, 0o660);
  if (client !== undefined) await chown(socket, client.uid, client.gid);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Never rejects. */
async function answerTo(
  { url = '', headers }: IncomingMessage,
  endpoints: ReadonlyMap<string, Endpoint>,
  tokens: Tokens | undefined,
): Promise<Answer> {
  const [path = '', query = ''] = url.split('?');
  const endpoint = endpoints.get(path);
  if (endpoint === undefined) return text(`nothing is at ${path}\n`, 404);
  const token = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const known = token !== undefined && tokens?.has(token) === true;
  try {
    return await endpoint({ trusted: known || headers[trustHeader] === 'yes', query });
  } catch (error) {
    return text(`${messageOf(error)}\n`, 503);
  }
}
