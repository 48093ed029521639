/** A Marathon that is not the leader: it sends readers of events to the leader and passes on everything else. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Standby {
  readonly url: string;
  readonly port: number;
  /** Another leader from now on; undefined = there is none: 502. */
  setLeader(url: string | undefined): void;
  close(): Promise<void>;
}

export interface StandbyOptions {
  leader: string;
  port?: number;
  host?: string;
  /** [marathon] Until 1.6 events were passed on like everything else. */
  proxiesEvents?: boolean;
}

export async function startStandby(options: StandbyOptions): Promise<Standby> {
  const host = options.host ?? '127.0.0.1';
  const sockets = new Set<Socket>();
  let leader: string | undefined = options.leader;
  let via = '';
  const server = createServer((request, response) => {
    if (leader === undefined) fail(response, 'Could not determine the current leader');
    else if (request.url?.startsWith('/v2/events') && !options.proxiesEvents)
      redirect(request, response, leader);
    else proxy(request, response, leader, via);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: options.port ?? 0 }, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  via = `1.1 ${host}:${port}`;
  return {
    url: `http://${host}:${port}`,
    port,
    setLeader: (url) => (leader = url),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** [marathon] Only this path is redirected; the query goes with it. */
function redirect(request: IncomingMessage, response: ServerResponse, leader: string): void {
  request.resume();
  response.writeHead(302, { Location: `${leader}${request.url ?? ''}`, 'Content-Length': 0 });
  response.end();
}

function proxy(request: IncomingMessage, response: ServerResponse, leader: string, via: string): void {
  if (request.headers['x-marathon-via'] !== undefined) {
    fail(response, 'Detected proxying loop.');
    return;
  }
  const url = new URL(leader);
  const forward = httpRequest(
    {
      host: url.hostname,
      port: url.port,
      path: request.url,
      method: request.method,
      headers: { ...request.headers, 'x-marathon-via': via },
      agent: false,
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'X-Marathon-Via': via });
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    },
  );
  forward.on('error', () => {
    if (response.headersSent) response.destroy();
    else fail(response, 'Connection to leader refused.');
  });
  response.on('close', () => forward.destroy());
  request.pipe(forward);
}

/** [marathon] Jetty's error page. */
function fail(response: ServerResponse, reason: string): void {
  const body = `<html><head><title>Error 502 ${reason}</title></head><body><h2>HTTP ERROR 502</h2><p>${reason}</p></body></html>\n`;
  response.writeHead(502, { 'Content-Type': 'text/html;charset=iso-8859-1', 'Content-Length': body.length });
  response.end(body);
}
