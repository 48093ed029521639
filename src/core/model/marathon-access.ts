/** How to reach a Marathon: its addresses, Pacer's credentials, and the certificates Pacer trusts. Types only. */

import type { MarathonAddress } from './marathon-address.ts';

/** How to reach one Marathon. */
export interface MarathonAccess {
  readonly endpoints: readonly MarathonAddress[];
  /** DNS servers for names of Marathons: `10.0.0.2:53`. None: the system's. */
  readonly dnsServers: readonly string[];
  readonly credentials: Credentials | undefined;
  /** PEM text of CA certificates, used instead of the system's. */
  readonly ca: string | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** The files of the secrets, to be read again when one changes; undefined if none came from a file. */
  readonly files?: SecretFiles;
}

/** Pacer's credentials, and the certificates it trusts. */
export type Secrets = Pick<MarathonAccess, 'credentials' | 'ca' | 'clientCertificate'>;

/** The files that contain secrets. */
export interface SecretFiles {
  readonly paths: readonly string[];
  /** Reads all of them. @throws PacerError if one cannot be read, or has the wrong content */
  readonly read: () => Secrets;
}

/** The same, where everything except the endpoints is optional. */
export type Reach = Pick<MarathonAccess, 'endpoints'> & Partial<Omit<MarathonAccess, 'endpoints'>>;

/** How Pacer authenticates. */
export type Credentials = BasicCredentials | ServiceAccount;

/** Basic authentication. */
export interface BasicCredentials {
  readonly kind: 'basic';
  readonly user: string;
  readonly password: string;
}

/** A DC/OS service account, which logs in to get a token. */
export interface ServiceAccount {
  readonly kind: 'service-account';
  readonly uid: string;
  /** An RSA key, PEM text. */
  readonly privateKey: string;
  readonly loginEndpoint: URL;
}

/** PEM texts. `cert` may include its chain. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** One Marathon cluster. */
export interface MarathonCluster {
  /** Undefined if there is only one cluster. */
  readonly name: string | undefined;
  readonly access: MarathonAccess;
}
