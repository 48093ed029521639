/** DC/OS as its Admin Router shows it: a login for service accounts, and a Marathon that asks for its tokens. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { jwtVerify, SignJWT } from 'jose';
import type { ServiceAccount } from '../../src/core/model/marathon-access.ts';

export interface DcosOptions {
  /** Where requests with a token go on to; without it they are answered with an empty Marathon. */
  readonly marathon?: () => string;
  readonly lifetimeSeconds?: number;
  /** Where a login's answer holds the token. */
  readonly answers?: 'body' | 'cookie';
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface Dcos {
  readonly url: URL;
  readonly account: ServiceAccount;
  /** As DC/OS keeps it in its secrets: what `--dcos-auth-credentials` takes. */
  readonly credential: string;
  /** Tokens given out. */
  readonly tokens: readonly string[];
  /** What the logins claimed, and when they expire. */
  readonly claims: readonly { uid: unknown; expiresIn: number; algorithm: string }[];
  /** Requests let in, and refused. */
  readonly counts: { logins: number; letIn: number; refused: number };
  /** No token counts any more: as after a change of DC/OS' keys. */
  revoke(): void;
  /** Logins are answered with this status; undefined: as they should be. */
  failLogins(status: number | undefined): void;
  /** No token is good enough. */
  refuseAll(refuse: boolean): void;
  close(): Promise<void>;
}

const uid = 'pacer-account';

export async function startDcos(options: DcosOptions = {}): Promise<Dcos> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const tokens: string[] = [];
  const claims: { uid: unknown; expiresIn: number; algorithm: string }[] = [];
  const counts = { logins: 0, letIn: 0, refused: 0 };
  const valid = new Set<string>();
  let status: number | undefined;
  let refuses = false;

  async function logIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    counts.logins += 1;
    if (status !== undefined) return void response.writeHead(status).end();
    const body = JSON.parse(await textOf(request)) as { uid: string; token: string };
    const { payload, protectedHeader } = await jwtVerify(body.token, publicKey);
    if (payload['uid'] !== uid || body.uid !== uid) return void response.writeHead(401).end();
    const now = Date.now() / 1000;
    claims.push({ uid: payload['uid'], expiresIn: payload.exp! - now, algorithm: protectedHeader.alg });
    const token = await new SignJWT({ uid, number: tokens.length })
      .setProtectedHeader({ alg: 'RS256' })
      .setExpirationTime(Math.floor(now + (options.lifetimeSeconds ?? 3600)))
      .sign(privateKey);
    tokens.push(token);
    valid.add(token);
    if (options.answers === 'cookie') {
      const cookies = ['other=1; path=/', `dcos-acs-auth-cookie=${token}; Path=/; HttpOnly`];
      response.writeHead(200, { 'set-cookie': cookies }).end();
    } else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token }));
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'POST' && request.url === '/acs/api/v1/auth/login') {
      logIn(request, response).catch(() => response.writeHead(401).end());
      return;
    }
    const token = /^token=(.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (refuses || token === undefined || !valid.has(token)) {
      counts.refused += 1;
      response.writeHead(401, { 'content-type': 'text/html' }).end('<html>Unauthorized</html>');
      return;
    }
    counts.letIn += 1;
    if (options.marathon === undefined)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"apps": []}');
    else pass(request, response, options.marathon());
  }

  const server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const scheme = options.tls === undefined ? 'http' : 'https';
  const url = new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const loginEndpoint = new URL('/acs/api/v1/auth/login', url);
  return {
    ...{ url, tokens, claims, counts },
    account: { kind: 'service-account', uid, privateKey: pem, loginEndpoint },
    credential: JSON.stringify({
      uid,
      private_key: pem,
      scheme: 'RS256',
      login_endpoint: loginEndpoint.href,
    }),
    revoke: () => valid.clear(),
    failLogins: (wanted) => (status = wanted),
    refuseAll: (refuse) => (refuses = refuse),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** As Admin Router does: without the leader's own address, which nobody outside can reach. */
function pass(request: IncomingMessage, response: ServerResponse, marathon: string): void {
  const { authorization: _, ...headers } = request.headers;
  const forward = httpRequest(
    new URL(request.url ?? '/', marathon),
    { method: request.method, headers, agent: false },
    (answer) => {
      const { 'x-marathon-leader': _leader, ...shown } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, shown);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
      answer.on('close', () => response.destroy());
    },
  );
  forward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.on('close', () => forward.destroy());
  request.pipe(forward);
}
