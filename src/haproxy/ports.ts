/**
 * Which ports somebody else holds, found by really binding them. `haproxy -c` does not see it, and a reload
 * that cannot bind costs a second of refused connections on every frontend.
 */
import { createServer } from 'node:net';
import { codeOf } from './durable.ts';
import { type Holder, holderOf } from './port-holder.ts';

export interface Bind {
  /** `*` (all of IPv4), `::`, an IPv4 or an IPv6 address. */
  readonly address: string;
  readonly port: number;
}

export interface TakenPort extends Bind {
  /** EADDRINUSE, EACCES, EADDRNOTAVAIL, or another code of bind(2). */
  readonly reason: string;
  /** Who listens there, as far as /proc tells. */
  readonly holder?: Holder;
}

/**
 * Tries to bind each, one after the other, and lets go at once. Ask only for binds the running HAProxy does
 * not have: its own would be reported with HAProxy as the holder.
 */
export async function takenPorts(binds: readonly Bind[]): Promise<TakenPort[]> {
  const taken: TakenPort[] = [];
  for (const bind of binds) {
    const reason = await tryBind(bind);
    if (reason === undefined) continue;
    const holder = reason === 'EADDRINUSE' ? await holderOf(bind.port) : undefined;
    taken.push({
      address: bind.address,
      port: bind.port,
      reason,
      ...(holder === undefined ? {} : { holder }),
    });
  }
  return taken;
}

function tryBind({ address, port }: Bind): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      resolve(codeOf(error) ?? error.message);
    });
    // [haproxy] configuration.txt 4.2 "bind": `*` is all IPv4 addresses; `::` takes IPv4 too by default.
    server.listen({ host: address === '*' ? '0.0.0.0' : address, port, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}
