/** The diagnostic about a file that cannot be used, for the owner of the label that names it. */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { ServiceDefinition } from '../../core/model/service.ts';
import type { FileKind } from './judge.ts';
import type { FileState } from './keeper.ts';

/** The label's name without `HAPROXY_<n>_`. */
export type FileLabel = 'SSL_CERT' | 'BIND_OPTIONS';

/** @param serves whether the service is served anyway */
export function fileDiagnostic(
  { appId, portIndex }: ServiceDefinition,
  label: FileLabel,
  kind: FileKind,
  { path, fault, copy }: FileState,
  serves: boolean,
): Diagnostic {
  const place = { appId, portIndex, label: `HAPROXY_${portIndex}_${label}` };
  const what = `${words[kind].what} ${path}: ${fault ?? ''}`;
  if (serves)
    return {
      ...{ code: 'FILE_KEPT', severity: 'warning', ...place },
      reason: `${what}; ${copy === undefined ? 'its line of the list is left out' : 'its last good copy stays in use'}`,
      remedy: `put ${words[kind].good} there, or correct the label; Pacer notices by itself`,
    };
  return {
    ...{ code: 'FILE_MISSING', severity: 'error', ...place },
    reason: what,
    remedy: `put ${words[kind].good} there, or correct the label; Pacer notices by itself`,
  };
}

const words: Readonly<Record<FileKind, { readonly what: string; readonly good: string }>> = {
  certificate: {
    what: 'certificate',
    good: 'a PEM file with the certificate, its chain and the private key',
  },
  authorities: { what: 'authorities', good: 'a PEM file with CA certificates' },
  revocations: { what: 'revocation list', good: 'a PEM file with a revocation list' },
  list: { what: 'list of certificates', good: 'a list of certificates' },
  'ticket-keys': { what: 'ticket keys', good: 'a file with at least three keys' },
};
