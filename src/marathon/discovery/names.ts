/** What the DNS is asked for Marathons: the system's resolver, or servers that were named. It knows no URLs. */
import { lookup, Resolver } from 'node:dns/promises';

export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export interface Names {
  /** All addresses of a name; at least one. Rejects where there is none, or nobody to ask. */
  addresses(name: string): Promise<readonly string[]>;
  /** The SRV records of a name; at least one. */
  services(name: string): Promise<readonly ServiceRecord[]>;
}

/** `servers`: `10.0.0.2` or `10.0.0.2:8600`, for example Mesos-DNS; none = the system's. */
export function namesOf(servers: readonly string[]): Names {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    services: (name) => resolver.resolveSrv(name),
    // The system's own way looks into /etc/hosts too.
    addresses: (name) => (servers.length === 0 ? systemAddresses(name) : serverAddresses(resolver, name)),
  };
}

async function systemAddresses(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

async function serverAddresses(resolver: Resolver, name: string): Promise<string[]> {
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const found = [v4, v6].flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  if (found.length > 0) return found;
  throw v4.status === 'rejected' && v4.reason instanceof Error
    ? v4.reason
    : new Error(`${name} has no address`);
}
