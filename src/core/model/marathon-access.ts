/** How a Marathon is reached: where it is, what lets Pacer in, whom Pacer trusts. Types only. */

import type { MarathonAddress } from './marathon-address.ts';

export interface MarathonAccess {
  readonly endpoints: readonly MarathonAddress[];
  /** DNS servers for names of Marathons: `10.0.0.2:53`; none = the system's. */
  readonly dnsServers: readonly string[];
  readonly credentials: Credentials | undefined;
  /** PEM text; used instead of the system's authorities. */
  readonly ca: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** Where the secrets came from, to be read again when a file changes; undefined where none came from a file. */
  readonly files?: SecretFiles;
}

/** What lets Pacer in and whom it trusts. */
export type Secrets = Pick<MarathonAccess, 'credentials' | 'ca' | 'clientCertificate'>;

export interface SecretFiles {
  readonly paths: readonly string[];
  /** Reads all of them. @throws PacerError where one cannot be read, or does not hold what it should */
  readonly read: () => Secrets;
}

/** What is not given is not needed. */
export type Reach = Pick<MarathonAccess, 'endpoints'> & Partial<Omit<MarathonAccess, 'endpoints'>>;

export type Credentials = BasicCredentials | ServiceAccount;

export interface BasicCredentials {
  readonly kind: 'basic';
  readonly user: string;
  readonly password: string;
}

/** A service account of DC/OS: it logs in for a token. */
export interface ServiceAccount {
  readonly kind: 'service-account';
  readonly uid: string;
  /** An RSA key, PEM text. */
  readonly privateKey: string;
  readonly loginEndpoint: URL;
}

/** PEM texts; `cert` may hold its chain. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface MarathonCluster {
  /** Undefined where there is only one. */
  readonly name: string | undefined;
  readonly access: MarathonAccess;
}
