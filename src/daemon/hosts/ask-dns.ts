/** One question to the DNS, by c-ares: nothing waits for it in the threads that the file system needs. */
import { Resolver } from 'node:dns/promises';
import { byCodePoint } from '../../core/model/ids.ts';
import { codeOf } from '../../haproxy/files/durable.ts';

export interface DnsAnswer {
  readonly address: string;
  /** How long the answer holds, milliseconds. */
  readonly ttlMs: number;
}

export interface DnsServers {
  /** @returns undefined where there is no such name. Rejects where nobody can say. */
  readonly ask: (name: string) => Promise<DnsAnswer | undefined>;
}

const noSuchName = new Set(['ENOTFOUND', 'ENODATA']);

/** @param servers `10.0.0.2` or `10.0.0.2:53`; none = those of resolv.conf, as it is now */
export function dnsServers(servers: readonly string[] = []): DnsServers {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  const records = async (question: Promise<{ address: string; ttl: number }[]>) => {
    try {
      return await question;
    } catch (error) {
      if (noSuchName.has(codeOf(error) ?? '')) return [];
      throw error;
    }
  };
  return {
    ask: async (name) => {
      // IPv4 first: an agent's containers publish their ports there.
      const v4 = await records(resolver.resolve4(name, { ttl: true }));
      const found = v4.length > 0 ? v4 : await records(resolver.resolve6(name, { ttl: true }));
      // Servers hand several addresses out in turns: one of them, the same on every node.
      const [first] = found.sort((a, b) => byCodePoint(a.address, b.address));
      return first && { address: first.address, ttlMs: first.ttl * 1000 };
    },
  };
}
