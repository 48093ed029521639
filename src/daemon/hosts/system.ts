/**
 * Resolves an agent's name the way getaddrinfo does on this machine: first the hosts file, then the DNS; short names in
 * the search domains; IPv4 before IPv6. Files are read again when they change.
 */
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dnsServers, type DnsAnswer, type DnsServers } from './ask-dns.ts';
import { searchRules, wholeNames } from './resolv-conf.ts';
import { isIp } from '../../core/labels/address.ts';

/** Where the host table gets its answers. */
export interface NameSource {
  /** The address in the hosts file; undefined if it has none. */
  readonly inFile: (host: string) => string | undefined;
  /** @returns undefined if there is no such name. Rejects if no server can say. */
  readonly ask: (host: string) => Promise<DnsAnswer | undefined>;
  /** Reads files that changed. @returns whether one did */
  readonly refresh: () => Promise<boolean>;
}

/** Paths of the files to read. */
export interface SystemFiles {
  readonly hosts: string;
  readonly resolvConf: string;
}

/** An answer from another source than the DNS is valid for this many milliseconds. */
const systemTtlMs = 60_000;

/** Names as this machine resolves them. */
export function systemNames(
  { hosts: hostsPath, resolvConf }: SystemFiles = { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' },
  newServers: () => DnsServers = dnsServers,
): NameSource {
  let hosts = new Map<string, string>();
  let rules = searchRules('', hostname());
  let servers: DnsServers | undefined;
  const seen = new Map<string, string>();
  const changed = async (path: string): Promise<string | undefined> => {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (seen.get(path) === text) return undefined;
    seen.set(path, text);
    return text;
  };
  return {
    inFile: (host) => hosts.get(host.toLowerCase().replace(/\.$/, '')),
    refresh: async () => {
      const [newHosts, newRules] = await Promise.all([changed(hostsPath), changed(resolvConf)]);
      if (newHosts !== undefined) hosts = hostsOf(newHosts);
      if (newRules !== undefined) {
        rules = searchRules(newRules, hostname());
        servers = newServers();
      }
      return newHosts !== undefined || newRules !== undefined;
    },
    ask: async (host) => {
      let failure: Error | undefined;
      for (const name of wholeNames(host, rules)) {
        try {
          const answer = await (servers ??= newServers()).ask(name);
          if (answer !== undefined) return answer;
        } catch (error) {
          // A domain whose servers do not answer may be the one that knows the name.
          failure ??= error instanceof Error ? error : new Error(String(error));
        }
      }
      if (failure !== undefined) throw failure;
      return askSystem(host);
    },
  };
}

let asking: Promise<DnsAnswer | undefined> | undefined;

/**
 * A name that neither the file nor the DNS knows may be in another source of nsswitch.conf: this machine's own name, or
 * LDAP. One name at a time, because such a lookup blocks one of the four threads that the file system shares.
 */
async function askSystem(host: string): Promise<DnsAnswer | undefined> {
  if (asking !== undefined) throw new Error('another name is being looked up by the system');
  asking = lookup(host, { order: 'ipv4first' }).then(
    ({ address }) => ({ address, ttlMs: systemTtlMs }),
    () => undefined,
  );
  try {
    return await asking;
  } finally {
    asking = undefined;
  }
}

/** Lower-case names → addresses. The first address of a name counts, IPv4 before IPv6. */
export function hostsOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (!isIp(address)) continue;
    for (const name of names.map((it) => it.toLowerCase())) {
      const known = found.get(name);
      if (known === undefined || (known.includes(':') && !address.includes(':'))) found.set(name, address);
    }
  }
  return found;
}
