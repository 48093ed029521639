/** Judges whether HAProxy can use a file, as far as its content shows. Pure: content in, verdict out. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readPem, type PemBlock } from './pem.ts';

/** What a file is for. Determines what it must contain. */
export type FileKind = 'certificate' | 'authorities' | 'revocations' | 'list' | 'ticket-keys';

const kinds: ReadonlyMap<string, FileKind> = new Map([
  ['crt', 'certificate'],
  ['ca-file', 'authorities'],
  ['ca-verify-file', 'authorities'],
  ['crl-file', 'revocations'],
  ['crt-list', 'list'],
  ['tls-ticket-keys', 'ticket-keys'],
]);

/** The kind of file that a keyword of a bind line names; undefined if it names none. */
export const kindOf = (keyword: string): FileKind | undefined => kinds.get(keyword);

/** Whether a file can be used. */
export type FileVerdict =
  | {
      readonly ok: true;
      /** Only of a certificate. The host names it is for: see `CertificateFacts`. */
      readonly certificate?: CertificateFacts;
    }
  | { readonly ok: false; /** A clause about the file: `it holds no private key`. */ readonly why: string };

/** Facts about a certificate that can be used. */
export interface CertificateFacts {
  /** Lower case. A wildcard is `.<parent>`. */
  readonly hosts: readonly string[];
  /** Hex, upper case, without colons, as HAProxy reports it for a certificate it has. */
  readonly sha1: string;
  /** How many certificates follow the first one. */
  readonly chainLength: number;
  /** Milliseconds since the epoch. */
  readonly validTo: number;
}

/** Judges the content of a file of this kind. */
export function judgeFile(kind: FileKind, content: string): FileVerdict {
  if (content.trim() === '') return unusable('it is empty');
  if (kind === 'ticket-keys') return judgeTicketKeys(content);
  // Each line names a file that is judged separately.
  if (kind === 'list') return { ok: true };
  const pem = readPem(content);
  if (!pem.ok) return pem;
  switch (kind) {
    case 'certificate':
      return judgeCertificate(pem.blocks);
    case 'authorities':
      return judgeAuthorities(pem.blocks);
    case 'revocations':
      return pem.blocks.some(({ label }) => label === 'X509 CRL')
        ? { ok: true }
        : unusable('it holds no revocation list');
  }
}

const unusable = (why: string): FileVerdict => ({ ok: false, why });

const certificatesIn = (blocks: readonly PemBlock[]): PemBlock[] =>
  blocks.filter(({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE');

/** HAProxy uses the first certificate as the site's own, the others as its chain, and the first key. */
function judgeCertificate(blocks: readonly PemBlock[]): FileVerdict {
  const certificates = parsed(certificatesIn(blocks));
  if (certificates === undefined) return unusable('a certificate in it cannot be read');
  const [leaf, ...chain] = certificates;
  if (leaf === undefined) return unusable('it holds no certificate');
  const keyBlock = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (keyBlock === undefined) return unusable('it holds no private key');
  if (keyBlock.label.startsWith('ENCRYPTED') || keyBlock.text.includes('ENCRYPTED'))
    return unusable('its private key is encrypted');
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(keyBlock.text)))
      return unusable('its private key is not the one of the first certificate in it');
  } catch {
    return unusable('its private key cannot be read');
  }
  return {
    ok: true,
    certificate: {
      hosts: hostsOf(leaf),
      sha1: leaf.fingerprint.replaceAll(':', ''),
      chainLength: chain.length,
      validTo: Date.parse(leaf.validTo),
    },
  };
}

function judgeAuthorities(blocks: readonly PemBlock[]): FileVerdict {
  const found = certificatesIn(blocks);
  // OpenSSL's own format contains more than X.509; only OpenSSL can read it.
  if (found.length === 0 && !blocks.some(({ label }) => label === 'TRUSTED CERTIFICATE'))
    return unusable('it holds no certificate');
  return parsed(found) === undefined ? unusable('a certificate in it cannot be read') : { ok: true };
}

function parsed(blocks: readonly PemBlock[]): X509Certificate[] | undefined {
  try {
    return blocks.map(({ der }) => new X509Certificate(der));
  } catch {
    return undefined;
  }
}

/** [haproxy] configuration.txt 5.1 "tls-ticket-keys": at least three keys of 48 or 80 bytes, in base64. */
function judgeTicketKeys(content: string): FileVerdict {
  const keys = content.split(/\r?\n/).filter((line) => line.trim() !== '');
  const isKey = (line: string) => [48, 80].includes(Buffer.from(line, 'base64').length);
  if (keys.length < 3) return unusable('it holds fewer than three keys');
  return keys.every(isKey) ? { ok: true } : unusable('a line of it is not a key of 48 or 80 bytes in base64');
}

const commonName = ({ subject }: X509Certificate): string => /^CN=(.+)$/m.exec(subject)?.[1] ?? '';

/** The common name counts only if there are no other names. [RFC 6125 6.4.4] */
function hostsOf(leaf: X509Certificate): string[] {
  const alternatives = [...(leaf.subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(
    ([, name = '']) => name,
  );
  return (alternatives.length > 0 ? alternatives : [commonName(leaf)])
    .map((host) => host.toLowerCase().replace(/^\*\./, '.'))
    .filter((host) => /^[a-z0-9._-]+$/.test(host));
}
