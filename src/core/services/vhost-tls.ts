/** How TLS is spoken for the host names of a service, by its labels. */
import { tlsWords, type BindOptions } from '../labels/bind-options.ts';

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

/** @returns undefined where the labels say nothing of TLS: options of the socket are for the service port alone */
export function vhostTlsOf(certificate: string | undefined, options: BindOptions): VhostTls | undefined {
  const words = tlsWords(options);
  const certificates = [...(certificate === undefined ? [] : [certificate]), ...options.certificates];
  if (words.length === 0 && certificates.length === 0) return undefined;
  return {
    ...{ certificates, words },
    listsCertificates: words.includes('crt-list'),
    namesProtocols: options.namesProtocols,
    verifies: words.some((word, at) => word === 'verify' && words[at + 1] === 'required'),
  };
}
