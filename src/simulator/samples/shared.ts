/** Many tasks behind a few listeners: the local address of a connection tells which task is meant. */
import { createServer, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { answerHttp } from './http-answer.ts';
import type { Endpoint, Sample, TaskIdentity } from './sample.ts';
import { acceptWebSocket } from './websocket.ts';

/** Each listener serves one task an agent, so this is the number of tasks an agent can run. */
export const sharedPortCount = 64;

export class SharedListeners {
  readonly #tasks = new Map<string, TaskIdentity>();
  readonly #servers = new Map<number, HttpServer>();
  readonly #sockets = new Map<string, Set<Socket>>();

  /** Opens the listeners that stand for the host ports of all agents. */
  async open(): Promise<readonly number[]> {
    for (let i = 0; i < sharedPortCount; i++) await this.#listen(0);
    return [...this.#servers.keys()];
  }

  async start(identity: TaskIdentity, endpoints: readonly Endpoint[]): Promise<Sample> {
    for (const { port } of endpoints) if (!this.#servers.has(port)) await this.#listen(port);
    return this.startNow(identity, endpoints);
  }

  /** The same for endpoints whose ports are open already: no waiting, for tens of thousands of tasks. */
  startNow(identity: TaskIdentity, endpoints: readonly Endpoint[]): Sample {
    const keys = endpoints.map(({ address, port }) => `${address}:${port}`);
    for (const key of keys) this.#tasks.set(key, identity);
    const destroy = (): void => {
      for (const key of keys) {
        if (this.#tasks.get(key) === identity) this.#tasks.delete(key);
        for (const socket of this.#sockets.get(key) ?? []) socket.destroy();
      }
    };
    const stop = async (graceMs: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, graceMs).unref());
      destroy();
    };
    return { stop, destroy };
  }

  close(): void {
    for (const server of this.#servers.values()) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #listen(port: number): Promise<void> {
    const server = createServer((request, response) => {
      const identity = this.#tasks.get(keyOf(request.socket));
      if (identity) answerHttp(identity, request, response).catch(() => response.destroy());
      else request.socket.destroy();
    });
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on('upgrade', (request, socket) => acceptWebSocket(request, socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '0.0.0.0', port, backlog: 4096 }, resolve);
    });
    const address = server.address();
    if (typeof address === 'object' && address) this.#servers.set(address.port, server);
  }

  /** A connection to a task that is not there is reset: as near to a refused one as a shared listener comes. */
  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const key = keyOf(socket);
    if (!this.#tasks.has(key)) {
      socket.resetAndDestroy();
      return;
    }
    const sockets = this.#sockets.get(key) ?? new Set();
    this.#sockets.set(key, sockets.add(socket));
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) this.#sockets.delete(key);
    });
  }
}

function keyOf(socket: Socket): string {
  return `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`;
}
