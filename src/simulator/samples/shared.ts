/** Many tasks behind a few listeners: the local address of a connection tells which task is meant. */
import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { sampleCertificate } from './certificate.ts';
import { answerHttp } from './http-answer.ts';
import type { Endpoint, Sample, TaskIdentity } from './sample.ts';
import { acceptWebSocket } from './websocket.ts';

/** Each listener serves one task an agent, so this is the number of tasks an agent can run. */
const sharedPortCount = 64;

interface SharedTask {
  readonly identity: TaskIdentity;
  readonly sockets: Set<Socket>;
  readonly answering: Set<ServerResponse>;
  stopping: boolean;
}

export class SharedListeners {
  readonly #tasks = new Map<string, SharedTask>();
  readonly #servers = new Map<number, Server>();
  readonly #http = this.#serving(createHttpServer());
  #https: HttpServer | undefined;

  /** Opens the listeners that stand for the host ports of all agents. */
  async open(): Promise<readonly number[]> {
    for (let i = 0; i < sharedPortCount; i++) await this.#listen();
    return [...this.#servers.keys()];
  }

  /** Whether one of the listeners stands for this port, on every address. */
  holds({ port }: Endpoint): boolean {
    return this.#servers.has(port);
  }

  /** Takes no time and no file descriptor, whatever the number of tasks. */
  start(identity: TaskIdentity, endpoints: readonly Endpoint[]): Sample {
    const keys = endpoints.map(({ address, port }) => `${address}:${port}`);
    const task: SharedTask = { identity, sockets: new Set(), answering: new Set(), stopping: false };
    for (const key of keys) this.#tasks.set(key, task);
    const leave = (): void => {
      for (const key of keys) if (this.#tasks.get(key) === task) this.#tasks.delete(key);
    };
    const destroy = (): void => {
      leave();
      for (const socket of task.sockets) socket.destroy();
    };
    const stop = async (graceMs: number, drainMs: number): Promise<void> => {
      task.stopping = true;
      for (const response of task.answering) response.shouldKeepAlive = false;
      await pause(graceMs);
      leave();
      const limit = Date.now() + drainMs;
      while (task.answering.size > 0 && Date.now() < limit) await pause(10);
      destroy();
    };
    return { stop, destroy };
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
    for (const task of this.#tasks.values()) for (const socket of task.sockets) socket.destroy();
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '0.0.0.0', port: 0, backlog: 4096 }, resolve);
    });
    const address = server.address();
    if (typeof address === 'object' && address) this.#servers.set(address.port, server);
  }

  /** A connection to a task that is not there is reset: as near to a refused one as a shared listener comes. */
  #accept(socket: Socket): void {
    const task = this.#tasks.get(keyOf(socket));
    socket.on('error', () => socket.destroy());
    if (!task) {
      socket.resetAndDestroy();
      return;
    }
    task.sockets.add(socket);
    socket.on('close', () => task.sockets.delete(socket));
    const { kind } = task.identity.spec;
    if (kind === 'tcp-echo') socket.pipe(socket);
    else if (kind === 'https') this.#tls().emit('connection', socket);
    else this.#http.emit('connection', socket);
  }

  #tls(): HttpServer {
    this.#https ??= this.#serving(createTlsServer(sampleCertificate()));
    return this.#https;
  }

  #serving(server: HttpServer): HttpServer {
    server.keepAliveTimeout = 60_000;
    server.on('upgrade', acceptWebSocket);
    server.on('request', (request, response) => {
      const task = this.#tasks.get(keyOf(request.socket));
      if (!task) {
        request.socket.destroy();
        return;
      }
      task.answering.add(response);
      response.on('close', () => task.answering.delete(response));
      response.shouldKeepAlive &&= !task.stopping;
      answerHttp(task.identity, request, response).catch(() => response.destroy());
    });
    return server;
  }
}

function keyOf(socket: Socket): string {
  return `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
