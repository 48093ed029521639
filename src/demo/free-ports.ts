/** Ports of the loopback interface that nobody holds just now. */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Below the ports that the kernel gives to outgoing connections: one of those could take a port between
 * now and its use.
 */
const all: PortRange = { from: 12_000, to: 30_000 };

/** `to` is not in it. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** All are held until the last is found, so that no two are the same. */
export async function freePorts(count: number, { from, to } = all): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(from, to);
    const server = held.has(port) ? undefined : await listen(port);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}

/** Undefined where somebody has the port. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}
