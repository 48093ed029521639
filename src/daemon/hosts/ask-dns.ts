/** One DNS query by c-ares, which uses none of the threads that the file system needs. */
import { Resolver } from 'node:dns/promises';
import { byCodePoint } from '../../core/model/ids.ts';
import { codeOf } from '../../haproxy/files/durable.ts';

/** The answer to one query. */
export interface DnsAnswer {
  readonly address: string;
  /** How long the answer is valid, in milliseconds. */
  readonly ttlMs: number;
}

/** The DNS servers to ask. */
export interface DnsServers {
  /** @returns undefined if there is no such name. Rejects if no server can say. */
  readonly ask: (name: string) => Promise<DnsAnswer | undefined>;
}

const noSuchName = new Set(['ENOTFOUND', 'ENODATA']);

/** @param servers `10.0.0.2` or `10.0.0.2:53`; none: those in resolv.conf at this moment */
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
      // Servers rotate the order of several addresses. Take the same one on every node.
      const [first] = found.sort((a, b) => byCodePoint(a.address, b.address));
      return first && { address: first.address, ttlMs: first.ttl * 1000 };
    },
  };
}
