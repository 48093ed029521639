/** DNS look-ups for Marathons, by the system's resolver or by given servers. Knows nothing of URLs. */
import { lookup, Resolver } from 'node:dns/promises';

/** One SRV record. [rfc2782] */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Look-ups of names. */
export interface Names {
  /** All addresses of a name, at least one. Rejects if there is none, or no server answers. */
  addresses(name: string): Promise<readonly string[]>;
  /** The SRV records of a name, at least one. */
  services(name: string): Promise<readonly ServiceRecord[]>;
}

/** `servers`: `10.0.0.2` or `10.0.0.2:8600`, for example Mesos-DNS. None: the system's resolver. */
export function namesOf(servers: readonly string[]): Names {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    services: (name) => resolver.resolveSrv(name),
    // The system's resolver also reads /etc/hosts.
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
