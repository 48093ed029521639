/** What the values of labels mean, once they are parsed. Types only. */

/** Basic auth: a realm, a user, and a password's hash as `mkpasswd` makes it. */
export interface BasicAuth {
  readonly realm: string;
  readonly user: string;
  readonly passwordHash: string;
}

export interface Balance {
  /** The algorithm and its arguments, each a word of `[A-Za-z0-9_.(),-]`. */
  readonly words: readonly string[];
  /** True where HAProxy takes a server at runtime only with `hash-type consistent`. [haproxy] management.txt 9.3 "add server" */
  readonly needsConsistentHash: boolean;
}

export interface BindOptions {
  /** As they stand in the line. */
  readonly words: readonly string[];
  /** Files with a certificate and its key. */
  readonly certificates: readonly string[];
  /** Other files: authorities, revocation lists, lists of certificates. */
  readonly files: readonly string[];
  /** Which protocols are offered (ALPN) is said here. */
  readonly namesProtocols: boolean;
}

/** Whether what guards a service goes by the host, as marathon-lb's frontends do, or is a matter of each service alone. */
export type AuthScope = 'host' | 'service';

export type PathType = 'begin' | 'prefix' | 'exact';

/** What a service says of TLS for its host names. */
export interface VhostTls {
  /** Files with a certificate and its key; empty = those of the HTTPS listener, unless `listsCertificates`. */
  readonly certificates: readonly string[];
  /** Words of the bind line. */
  readonly words: readonly string[];
  /** A list of certificates is among the words. */
  readonly listsCertificates: boolean;
  readonly namesProtocols: boolean;
  /** Clients must show a certificate. */
  readonly verifies: boolean;
}
