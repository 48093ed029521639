/**
 * Paths of the statistics port that only Pacer can answer. HAProxy forwards them to a unix socket, after checking who
 * may use them. Knows nothing of the content of the answers.
 */
import { chmod, chown, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { messageOf, PacerError } from '../errors.ts';
import { text, type Answer } from './route.ts';
import type { Tokens } from './token-file.ts';

/** What is known of the client. */
export interface EndpointRequest {
  /** The client may change something, because of its address or a token. */
  readonly trusted: boolean;
  /** What follows the `?`, as it was sent. */
  readonly query: string;
}

/** Answers one path. If it throws, the answer is 503. */
export type Endpoint = (request: EndpointRequest) => Answer | Promise<Answer>;

/** HAProxy's verdict on the client. HAProxy removes this header from clients' requests. */
const trustHeader = 'x-pacer-trusted';

/** The longest path of a unix socket. [linux] unix(7) */
const longestPath = 107;

/** Starts to answer. @throws PacerError PORT_IN_USE, SOCKET_PATH_TOO_LONG */
export async function serveEndpoints(
  socket: string,
  endpoints: ReadonlyMap<string, Endpoint>,
  tokens: Tokens | undefined,
  /** The user that may connect besides Pacer's own. */
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
    // A body has no meaning here.
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
  // A socket that exists already belongs to nobody: the state directory has one owner at a time.
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new PacerError(
          'PORT_IN_USE',
          `the socket ${socket} cannot be created`,
          'choose another --state-dir',
          {
            cause,
          },
        ),
      ),
    );
    server.listen(socket, resolve);
  });
  // HAProxy may run as another user of this group; the directory keeps everybody else out.
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
