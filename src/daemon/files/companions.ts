/**
 * Files that HAProxy reads next to a certificate if they exist, without being configured to: the OCSP response,
 * timestamps of certificate transparency, the issuer. Pacer puts copies of them next to the copy of the certificate.
 * [haproxy] "ssl-load-extra-files"
 */
import { X509Certificate, createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { writeSynced } from '../../haproxy/files/durable.ts';
import type { Looker } from './look.ts';
import { derLength, readPem } from './pem.ts';

const companions: Readonly<Record<string, (content: Buffer) => boolean>> = {
  '.ocsp': (content) => content[0] === 0x30 && derLength(content) === content.length,
  '.sctl': (content) => content.length > 2 && content.readUInt16BE(0) === content.length - 2,
  '.issuer': isIssuer,
};

/** Copies the companion files of certificates. */
export interface Companions {
  /** Path of the copy → hex SHA-256, for the files that exist. Never rejects. */
  readonly beside: (path: string, copy: string) => Promise<ReadonlyMap<string, string>>;
}

/** @param looker reads the operator's files */
export function createCompanions(looker: Pick<Looker, 'read'>): Companions {
  /** By the operator's path. */
  const known = new Map<string, { readonly stamp: string; readonly digest: string | undefined }>();

  async function follow(path: string, copy: string, isGood: (content: Buffer) => boolean) {
    const look = await looker.read(path, known.get(path)?.stamp);
    if (look.kind === 'missing') {
      known.delete(path);
      await rm(copy, { force: true });
    }
    // If the file is broken, the last good one stays in use: its own dates tell clients how old it is.
    if (look.kind !== 'content' || !isGood(look.content)) return known.get(path)?.digest;
    const digest = createHash('sha256').update(look.content).digest('hex');
    const temporary = `${copy}.${process.pid}.new`;
    await writeSynced(temporary, look.content, 0o600);
    await rename(temporary, copy);
    known.set(path, { stamp: look.stamp, digest });
    return digest;
  }

  return {
    beside: async (path, copy) => {
      const found = new Map<string, string>();
      for (const [suffix, isGood] of Object.entries(companions)) {
        const digest = await follow(path + suffix, copy + suffix, isGood).catch(() => undefined);
        if (digest !== undefined) found.set(copy + suffix, digest);
      }
      return found;
    },
  };
}

function isIssuer(content: Buffer): boolean {
  const pem = readPem(String(content));
  const [first] = pem.ok ? pem.blocks : [];
  try {
    return first?.label === 'CERTIFICATE' && new X509Certificate(first.der).ca;
  } catch {
    return false;
  }
}
