/** Sample tasks with sockets of their own: they are refused before they listen and after they have died. */
import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { sampleCertificate } from './certificate.ts';
import { answerHttp } from './http-answer.ts';
import type { Endpoint, Sample, TaskIdentity } from './sample.ts';
import { acceptWebSocket } from './websocket.ts';

export async function startDedicated(
  identity: TaskIdentity,
  endpoints: readonly Endpoint[],
): Promise<Sample> {
  const task = new DedicatedTask(identity);
  try {
    for (const endpoint of endpoints) await task.listen(endpoint);
  } catch (error) {
    task.destroy();
    throw error;
  }
  return task;
}

class DedicatedTask implements Sample {
  readonly #identity: TaskIdentity;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #answering = new Set<ServerResponse>();
  #stopping = false;
  #dead = false;

  constructor(identity: TaskIdentity) {
    this.#identity = identity;
  }

  listen(endpoint: Endpoint): Promise<void> {
    const server = this.#createServer();
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => socket.destroy());
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: endpoint.address, port: endpoint.port, backlog: 1024 }, () => {
        // It died while it was about to listen.
        if (this.#dead) server.close();
        server.off('error', reject);
        resolve();
      });
    });
  }

  async stop(graceMs: number, drainMs: number): Promise<void> {
    this.#stopping = true;
    // A good app on SIGTERM asks its clients to come on a new connection, which then goes elsewhere.
    for (const response of this.#answering) response.shouldKeepAlive = false;
    await sleep(graceMs);
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    const limit = new AbortController();
    await Promise.race([Promise.all(closed), sleep(drainMs, limit.signal)]);
    limit.abort();
    this.destroy();
  }

  destroy(): void {
    this.#dead = true;
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #createServer(): Server {
    if (this.#identity.spec.kind === 'tcp-echo') {
      return createTcpServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    }
    const server: HttpServer =
      this.#identity.spec.kind === 'https' ? createTlsServer(sampleCertificate()) : createHttpServer();
    server.keepAliveTimeout = 60_000;
    server.on('request', (request, response) => {
      response.shouldKeepAlive &&= !this.#stopping;
      this.#answering.add(response);
      response.on('close', () => this.#answering.delete(response));
      answerHttp(this.#identity, request, response).catch(() => response.destroy());
    });
    server.on('upgrade', (request, socket) => acceptWebSocket(request, socket));
    return server;
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms).unref();
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
