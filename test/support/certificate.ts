/** Certificates for tests, made on the spot. */
import { generate } from 'selfsigned';

/** Certificate and private key as one PEM text. @param hosts alternative names; `*.example` is a wildcard */
export async function makePem(name: string, hosts: readonly string[] = []): Promise<string> {
  const altNames = hosts.map((value) => ({ type: 2 as const, value }));
  const made = await generate([{ name: 'commonName', value: name }], {
    ...{ keyType: 'ec', algorithm: 'sha256' },
    ...(hosts.length > 0 && { extensions: [{ name: 'subjectAltName', altNames }] }),
  });
  return `${made.cert.trim()}\n${made.private.trim()}\n`;
}

export interface Authority {
  readonly cert: string;
  /** A certificate for a server or a client of this name. */
  readonly issue: (name: string) => Promise<{ readonly cert: string; readonly key: string }>;
}

export async function makeAuthority(name: string): Promise<Authority> {
  const own = await generate([{ name: 'commonName', value: name }], {
    ...{ keyType: 'ec', algorithm: 'sha256' },
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return {
    cert: own.cert,
    issue: async (subject) => {
      const made = await generate([{ name: 'commonName', value: subject }], {
        ...{ keyType: 'ec', algorithm: 'sha256' },
        ca: { key: own.private, cert: own.cert },
      });
      return { cert: made.cert, key: made.private };
    },
  };
}
