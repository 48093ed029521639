/**
 * Why HAProxy refuses a certificate that is complete. OpenSSL's security level, which depends on the machine, refuses
 * short keys and old signatures, and one such file in the configuration would block every reload.
 */
import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkConfiguration } from '../../haproxy/files/check.ts';
import { writeSynced } from '../../haproxy/files/durable.ts';
import { readPem } from './pem.ts';

/** DER of object identifiers: signatures with MD5 and SHA-1, of RSA and of ECDSA. */
const oldSignatures = ['2a864886f70d010104', '2a864886f70d010105', '2a8648ce3d0401'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

/**
 * @returns a function that says why HAProxy refuses a certificate; undefined if it accepts it. Each check starts a
 * process, so only certificates that might be refused are checked. Never rejects.
 */
export function refusalBy(program: string, stateDir: string): (pem: string) => Promise<string | undefined> {
  return async (pem) => {
    if (!mayBeRefused(pem)) return undefined;
    try {
      return await ask(program, join(stateDir, 'certificates'), pem);
    } catch {
      // HAProxy cannot be asked. That says nothing about the certificate.
      return undefined;
    }
  };
}

function mayBeRefused(pem: string): boolean {
  const read = readPem(pem);
  if (!read.ok) return false;
  const certificates = read.blocks.filter(({ label }) => label.endsWith('CERTIFICATE'));
  return certificates.some(({ der }) => oldSignatures.some((oid) => der.includes(oid)) || hasShortKey(der));
}

function hasShortKey(der: Buffer): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = new X509Certificate(der).publicKey;
  if (type === 'ec') return /^(?:sec[pt]1\d\d|prime192|wap)/.test(details?.namedCurve ?? '');
  return (type === 'rsa' || type === 'dsa') && (details?.modulusLength ?? 0) < 2048;
}

async function ask(program: string, folder: string, pem: string): Promise<string | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const trial = await mkdtemp(join(folder, 'trial-'));
  try {
    const certificate = join(trial, 'certificate.pem');
    await writeSynced(certificate, pem, 0o600);
    const file = join(trial, 'haproxy.cfg');
    await writeSynced(
      file,
      [
        'defaults',
        ...['client', 'connect', 'server'].map((what) => `  timeout ${what} 1s`),
        'frontend trial',
        `  bind abns@pacer-trial ssl crt ${certificate}`,
        '',
      ].join('\n'),
    );
    const verdict = await checkConfiguration({ program, file, timeoutMs: 5000 });
    if (verdict.kind === 'accepted') return undefined;
    return verdict.messages[0]?.text
      .replace(/ '[^']*trial-[^']*'/g, '')
      .replace(/^'bind .*?' in section '\w+' : /, '');
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}
