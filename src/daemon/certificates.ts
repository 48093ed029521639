/** The certificates of the HTTPS listener and of services: found, judged, digested; made where there is none. */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { byCodePoint } from '../core/ids.ts';
import { messageOf, PacerError } from '../errors.ts';

export interface CertificateFile {
  readonly path: string;
  /** Hex SHA-256 of the file. */
  readonly digest: string;
  /** `<SHA-1>/<host>`, as the configuration looks them up; of a wildcard `<SHA-1>/.<parent>`. */
  readonly names: readonly string[];
}

/** Where marathon-lb's image keeps the certificate it is given. */
const conventional = '/etc/ssl/cert.pem';

/**
 * The files of the HTTPS listener, in the order given, directories opened up.
 * @throws PacerError CERTIFICATE_INVALID for a file that was named and does not serve
 */
export async function listenerCertificates(
  named: readonly string[] | undefined,
  stateDir: string,
): Promise<CertificateFile[]> {
  if (named !== undefined && named.length > 0) {
    const files = (await Promise.all(named.map(filesOf))).flat();
    if (files.length === 0) throw invalid(named.join(', '), 'there is no .pem file in it');
    return Promise.all(files.map(readCertificate));
  }
  const found = await readCertificate(conventional).catch(() => undefined);
  return [found ?? (await selfSigned(stateDir))];
}

async function filesOf(path: string): Promise<string[]> {
  const info = await stat(path).catch((error: unknown) => {
    throw invalid(path, messageOf(error));
  });
  if (!info.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => name.endsWith('.pem'))
    .sort(byCodePoint)
    .map((name) => join(path, name));
}

/** @throws PacerError CERTIFICATE_INVALID */
export async function readCertificate(path: string): Promise<CertificateFile> {
  const text = await readFile(path).catch((error: unknown) => {
    throw invalid(path, messageOf(error));
  });
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(text);
  } catch (error) {
    throw invalid(path, 'it holds no certificate', error);
  }
  if (!text.includes('PRIVATE KEY-----')) throw invalid(path, 'it holds no private key');
  return { path, digest: sha256(text), names: namesOf(certificate) };
}

/** The common name counts only where there are no others. [RFC 6125 6.4.4] */
function namesOf({ fingerprint, subject, subjectAltName }: X509Certificate): string[] {
  const alternatives = [...(subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name]) => name);
  const hosts = alternatives.length > 0 ? alternatives : [/^CN=(.+)$/m.exec(subject)?.[1]];
  const sha1 = fingerprint.replaceAll(':', '');
  return hosts
    .map((host = '') => host.toLowerCase().replace(/^\*\./, '.'))
    .filter((host) => /^[a-z0-9._-]+$/.test(host))
    .map((host) => `${sha1}/${host}`);
}

/** Hex SHA-256 of a file that is no certificate of ours. Rejects with what the system says where it cannot be read. */
export const fileDigest = async (path: string): Promise<string> => sha256(await readFile(path));

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

function invalid(path: string, why: string, cause?: unknown): PacerError {
  return new PacerError(
    'CERTIFICATE_INVALID',
    `certificate ${path}: ${why}`,
    'name a PEM file that holds the certificate, its chain and the private key',
    cause === undefined ? undefined : { cause },
  );
}

/** The self-signed certificate in the state directory; made when it is missing or about to expire. */
async function selfSigned(stateDir: string): Promise<CertificateFile> {
  const path = join(stateDir, 'certificates', 'self-signed.pem');
  const soon = Date.now() + 30 * 24 * 3600 * 1000;
  const known = await readFile(path).catch(() => undefined);
  if (
    known === undefined ||
    new X509Certificate(known).validTo === '' ||
    Date.parse(new X509Certificate(known).validTo) < soon
  ) {
    const { generate } = await import('selfsigned');
    const notAfterDate = new Date(Date.now() + 10 * 365 * 24 * 3600 * 1000);
    const made = await generate([{ name: 'commonName', value: 'pacer.invalid' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notAfterDate,
    });
    await mkdir(join(stateDir, 'certificates'), { recursive: true, mode: 0o700 });
    await writeFile(path, `${made.cert.trim()}\n${made.private.trim()}\n`, { mode: 0o600 });
  }
  return readCertificate(path);
}

export const isSelfSigned = (path: string): boolean => path.endsWith(join('certificates', 'self-signed.pem'));
