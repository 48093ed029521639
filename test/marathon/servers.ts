/** Small servers for what a real Marathon does not do on demand: odd bytes, odd statuses, odd redirects. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TestServer {
  readonly url: URL;
  /** Paths asked for, with the Authorization that came along. */
  readonly requests: {
    readonly path: string;
    readonly authorization: string | undefined;
    readonly headers: IncomingMessage['headers'];
  }[];
}

export async function serve(handler: RequestListener): Promise<TestServer> {
  const requests: TestServer['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({
      path: request.url ?? '',
      authorization: request.headers.authorization,
      headers: request.headers,
    });
    handler(request, response);
  });
  return { url: await listen(server), requests };
}

export async function listen(server: Server | ReturnType<typeof createNetServer>): Promise<URL> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** An address nobody listens on. */
export async function deadUrl(): Promise<URL> {
  const server = createNetServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return new URL(`http://127.0.0.1:${port}`);
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

/** Raw answers for each connection in turn: what is written is what goes over the wire. */
export async function serveRaw(...scripts: ((socket: Socket, request: string) => void)[]): Promise<URL> {
  let count = 0;
  const server = createNetServer((socket) => {
    const script = scripts[Math.min(count++, scripts.length - 1)];
    let request = '';
    const read = (chunk: Buffer) => {
      request += chunk.toString('latin1');
      if (!request.includes('\r\n\r\n')) return;
      socket.off('data', read);
      script?.(socket, request);
    };
    socket.on('data', read);
  });
  return listen(server);
}
