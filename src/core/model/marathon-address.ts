/**
 * The addresses of Marathons as an operator writes them: URLs, a DNS service, or the ZooKeeper in which they elect
 * their leader.
 */

/** One address. */
export type MarathonAddress = URL | ServiceAddress | ZooKeeperAddress;

type Scheme = 'http' | 'https';

/** `srv://_marathon._tcp.marathon.mesos`: the SRV records of a name. */
export interface ServiceAddress {
  readonly kind: 'srv';
  readonly name: string;
  /** The scheme of the Marathons found there. */
  readonly scheme: Scheme;
  /** The path of their API; '' or `/path`. */
  readonly path: string;
}

/** `zk://zk1:2181,zk2:2181/marathon`: the same value as Marathon's own `--zk`. */
export interface ZooKeeperAddress {
  readonly kind: 'zookeeper';
  /** `zk1:2181,zk2:2181` */
  readonly servers: string;
  readonly path: string;
  /** `user:password` */
  readonly auth: string | undefined;
  readonly scheme: Scheme;
}

const service = /^srv(?:\+(https?))?:\/\/([A-Za-z0-9_][A-Za-z0-9_.-]*)(\/[^?#]*)?$/;
const ensemble = /^zk(?:\+(https?))?:\/\/(?:([^@/\s]+:[^@/\s]+)@)?([A-Za-z0-9][A-Za-z0-9.:,-]*)(\/[^?#\s]+)$/;

/** Undefined if the text is not an address. */
export function parseMarathonAddress(text: string): MarathonAddress | undefined {
  const srv = service.exec(text);
  if (srv !== null)
    return { kind: 'srv', name: srv[2] ?? '', scheme: schemeOf(srv[1]), path: withoutSlash(srv[3]) };
  const zk = ensemble.exec(text);
  if (zk !== null) {
    const servers = (zk[3] ?? '')
      .split(',')
      .map((server) => (server.includes(':') ? server : `${server}:2181`));
    if (!servers.every((server) => /^[A-Za-z0-9.-]+:\d{1,5}$/.test(server))) return undefined;
    const [, scheme, auth, , path] = zk;
    return {
      kind: 'zookeeper',
      servers: servers.join(','),
      path: withoutSlash(path),
      auth,
      scheme: schemeOf(scheme),
    };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

/** The address for messages, never with a password. */
export function describeMarathonAddress(address: MarathonAddress): string {
  if (address instanceof URL) return `${address.origin}${withoutSlash(address.pathname)}`;
  const plus = address.scheme === 'https' ? '+https' : '';
  if (address.kind === 'srv') return `srv${plus}://${address.name}${address.path}`;
  return `zk${plus}://${address.servers}${address.path}`;
}

const schemeOf = (text: string | undefined): Scheme => (text === 'https' ? 'https' : 'http');
const withoutSlash = (path: string | undefined): string => (path ?? '').replace(/\/+$/, '');
