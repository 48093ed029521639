/** The values of labels after parsing. Types only. */

/** Basic auth: a realm, a user, and the hash of a password as `mkpasswd` makes it. */
export interface BasicAuth {
  readonly realm: string;
  readonly user: string;
  readonly passwordHash: string;
}

/** A load balancing algorithm. */
export interface Balance {
  /** The algorithm and its arguments, each a word of `[A-Za-z0-9_.(),-]`. */
  readonly words: readonly string[];
  /**
   * True if HAProxy adds servers at runtime only with `hash-type consistent`. [haproxy] management.txt 9.3 "add server"
   */
  readonly needsConsistentHash: boolean;
}

/** Options of a `bind` line. */
export interface BindOptions {
  /** As they are in the line. */
  readonly words: readonly string[];
  /** Files with a certificate and its key. */
  readonly certificates: readonly string[];
  /** Other files: CA certificates, revocation lists, lists of certificates. */
  readonly files: readonly string[];
  /** The options set which protocols are offered (ALPN). */
  readonly namesProtocols: boolean;
}

/** Whether what guards a service goes by the host, as marathon-lb's frontends do, or is a matter of each service alone. */
export type AuthScope = 'host' | 'service';

export type PathType = 'begin' | 'prefix' | 'exact';

/** The TLS settings of a service for its host names. */
export interface VhostTls {
  /** Files with a certificate and its key. Empty: those of the HTTPS listener, unless `listsCertificates`. */
  readonly certificates: readonly string[];
  /** Words of the bind line. */
  readonly words: readonly string[];
  /** The words include a list of certificates. */
  readonly listsCertificates: boolean;
  readonly namesProtocols: boolean;
  /** Clients must show a certificate. */
  readonly verifies: boolean;
}
