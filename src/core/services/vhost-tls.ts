/** How TLS is spoken for the host names of a service, by its labels. */
import type { BindOptions, VhostTls } from '../model/label-values.ts';
import { tlsWords } from '../labels/bind-options.ts';

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
