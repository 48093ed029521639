/** Certificates as HAProxy shows them. What was read once is remembered: the same text is asked for again and again. */
import { X509Certificate } from 'node:crypto';

export interface ReadPem {
  readonly leaf: X509Certificate | undefined;
  readonly chain: readonly X509Certificate[];
  readonly hasKey: boolean;
}

const known = new Map<string, ReadPem>();
const most = 200;

export function readPem(pem: string): ReadPem {
  const before = known.get(pem);
  if (before !== undefined) return before;
  const [leaf, ...chain] = [
    ...pem.matchAll(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g),
  ].flatMap(([text]) => certificate(text));
  const made = { leaf, chain, hasKey: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(pem) };
  if (known.size >= most) known.clear();
  known.set(pem, made);
  return made;
}

export const isUsable = (pem: string): boolean => {
  const { leaf, hasKey } = readPem(pem);
  return leaf !== undefined && hasKey;
};

function certificate(text: string): X509Certificate[] {
  try {
    return [new X509Certificate(text)];
  } catch {
    return [];
  }
}

/** The lines of `show ssl cert <file>` that tell of the certificate itself. */
export function describePem(pem: string): string[] {
  const { leaf, chain } = readPem(pem);
  if (leaf === undefined) return [];
  return [
    `Serial: ${leaf.serialNumber}`,
    `notBefore: ${leaf.validFrom}`,
    `notAfter: ${leaf.validTo}`,
    `Subject Alternative Name: ${leaf.subjectAltName ?? ''}`,
    `Algorithm: ${algorithm(leaf)}`,
    `SHA1 FingerPrint: ${leaf.fingerprint.replaceAll(':', '')}`,
    `Subject: ${slashed(leaf.subject)}`,
    `Issuer: ${slashed(leaf.issuer)}`,
    ...chain.flatMap(({ subject, issuer }) => [
      `Chain Subject: ${slashed(subject)}`,
      `Chain Issuer: ${slashed(issuer)}`,
    ]),
  ];
}

const slashed = (name: string): string =>
  name
    .split('\n')
    .map((part) => `/${part}`)
    .join('');

function algorithm({ publicKey }: X509Certificate): string {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) return `RSA${modulusLength}`;
  return `EC${/\d{3}/.exec(namedCurve ?? '')?.[0] ?? ''}`;
}
