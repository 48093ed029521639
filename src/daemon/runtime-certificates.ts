/** Renewed certificates over the runtime socket: what HAProxy uses is compared with the file, by fingerprint. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { RuntimeAccess } from '../haproxy/control.ts';
import { payloadCommand } from '../haproxy/runtime-command.ts';

export type CertificatesOutcome =
  | { readonly kind: 'done'; /** Paths of those that were renewed. */ readonly changed: readonly string[] }
  | { readonly kind: 'impossible'; readonly reason: string };

/**
 * Rejects when HAProxy cannot be asked, or a file cannot be read.
 * [haproxy] management.txt 9.3 "show ssl cert", "set ssl cert", "commit ssl cert"
 */
export async function bringCertificates(
  control: RuntimeAccess,
  paths: Iterable<string>,
): Promise<CertificatesOutcome> {
  const changed: string[] = [];
  for (const path of paths) {
    const pem = await readFile(path, 'utf8');
    const wanted = new X509Certificate(pem).fingerprint.replaceAll(':', '');
    if ((await fingerprint(control, path)) === wanted) continue;
    const [set, commit] = await control.runtime([
      payloadCommand(`set ssl cert ${path}`, pem),
      `commit ssl cert ${path}`,
    ]);
    const failed = [set, commit].find((reply) => reply?.kind !== 'ok');
    if (failed !== undefined) {
      // A transaction left open would block the next.
      await control.runtime([`abort ssl cert ${path}`]);
      return { kind: 'impossible', reason: `certificate ${path}: ${failed.text}` };
    }
    if ((await fingerprint(control, path)) !== wanted) {
      return { kind: 'impossible', reason: `certificate ${path} is not the one it was given` };
    }
    changed.push(path);
  }
  return { kind: 'done', changed };
}

/** Of the certificate HAProxy uses; undefined where it has none of this name. */
async function fingerprint(control: RuntimeAccess, path: string): Promise<string | undefined> {
  const [reply] = await control.runtime([`show ssl cert ${path}`]);
  return /^SHA1 FingerPrint: ([0-9A-F]{40})$/m.exec(reply?.text ?? '')?.[1];
}
