/** The self-signed certificate that Pacer makes, so that HTTPS answers before the operator provides one. */
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeSynced } from '../../haproxy/files/durable.ts';
import { copyPath } from './copies.ts';
import type { Keeper } from './keeper.ts';
import type { ListenerCertificate } from './listener-files.ts';

const fileIn = (stateDir: string): string => join(stateDir, 'certificates', 'self-signed.pem');

/** The copy of it that HAProxy reads. */
export const selfSignedCopy = (stateDir: string): string =>
  copyPath(stateDir, 'certificate', fileIn(stateDir));

const dayMs = 24 * 3600 * 1000;

/**
 * Makes the certificate if there is none that is valid for another 30 days. Rejects with the file system's error if it
 * cannot be written.
 */
export async function selfSigned(stateDir: string, keeper: Keeper): Promise<ListenerCertificate> {
  const path = fileIn(stateDir);
  const known = await kept(path, keeper);
  // If the file is damaged, its copy is as good.
  if (known !== undefined && known.facts.validTo > Date.now() + 30 * dayMs) return known;
  await make(path);
  const certificate = await kept(path, keeper);
  if (certificate === undefined) throw new Error(`${path}: the self-signed certificate cannot be used`);
  return certificate;
}

async function kept(path: string, keeper: Keeper): Promise<ListenerCertificate | undefined> {
  const { copy } = await keeper.see('certificate', path);
  if (copy?.certificate === undefined) return undefined;
  return { path: copy.path, digest: copy.digest, facts: copy.certificate };
}

/** Certificate and key. */
export async function selfSignedPem(): Promise<string> {
  const { default: selfsigned } = await import('selfsigned');
  const { cert, private: key } = await selfsigned.generate([{ name: 'commonName', value: 'pacer.invalid' }], {
    ...{ keyType: 'ec', algorithm: 'sha256' },
    notAfterDate: new Date(Date.now() + 10 * 365 * dayMs),
  });
  return `${cert.trim()}\n${key.trim()}\n`;
}

async function make(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  await writeSynced(temporary, await selfSignedPem(), 0o600);
  await rename(temporary, path);
}
