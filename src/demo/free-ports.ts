/** Free ports of the loopback interface. */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Above Marathon's service ports (10000 to 20000), and below the ports that the kernel gives to outgoing connections,
 * because one of those could take a port before it is used. The tests use ports below this range
 * (test/support/free-ports.ts), so that a demo and the tests can run side by side.
 */
const forTheDemo: PortRange = { from: 30_000, to: 32_768 };

/** A range of ports. `to` is not included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Returns free ports of the range in order, from a random one on. A port is not returned again before all the others,
 * because it may not be in use yet.
 */
export function portsOf({ from, to }: PortRange): (count: number) => Promise<number[]> {
  let next = randomInt(from, to);
  return async (count) => {
    const ports: number[] = [];
    for (let tries = 0; ports.length < count; tries++) {
      if (tries > to - from) throw new Error(`fewer than ${count} free ports from ${from} to ${to}`);
      const port = next;
      next = port + 1 < to ? port + 1 : from;
      if (await isFree(port)) ports.push(port);
    }
    return ports;
  };
}

/** Free ports for the demo. */
export const freePorts = portsOf(forTheDemo);

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listens = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(true));
  });
  if (listens) await closed(server);
  return listens;
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
