/** PEM, read strictly: a file that was cut off is told from one that is whole. Pure. */

export interface PemBlock {
  /** `CERTIFICATE`, `EC PRIVATE KEY`, ... */
  readonly label: string;
  readonly der: Buffer;
  /** From BEGIN to END, as OpenSSL reads it. */
  readonly text: string;
}

export type PemResult =
  | { readonly ok: true; readonly blocks: readonly PemBlock[] }
  | { readonly ok: false; /** A clause about the file. */ readonly why: string };

/** What stands between the blocks is for people. [RFC 7468] */
export function readPem(text: string): PemResult {
  const blocks: PemBlock[] = [];
  let label: string | undefined;
  let lines: string[] = [];
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    const begin = /^-----BEGIN ([A-Z0-9 ]+)-----$/.exec(line)?.[1];
    if (label === undefined) {
      if (begin !== undefined) [label, lines] = [begin, []];
      continue;
    }
    if (begin !== undefined) return broken(`a ${label} in it has no end`);
    if (line !== `-----END ${label}-----`) {
      lines.push(line);
      continue;
    }
    const der = decoded(lines);
    if (der === undefined) return broken(`a ${label} in it is damaged`);
    blocks.push({
      ...{ label, der },
      text: [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'),
    });
    label = undefined;
  }
  return label === undefined ? { ok: true, blocks } : broken(`it ends within a ${label}`);
}

const broken = (why: string): PemResult => ({ ok: false, why });

/** @returns undefined where it is no base64, or not one whole DER value */
function decoded(lines: readonly string[]): Buffer | undefined {
  // Of an encrypted key: `Proc-Type:`, `DEK-Info:` and an empty line, then what nobody can read without the password.
  const isEncrypted = lines.some((line) => line.includes(':'));
  const body = lines.filter((line) => !line.includes(':')).join('');
  if (body === '' || body.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return undefined;
  const der = Buffer.from(body, 'base64');
  return isEncrypted || derLength(der) === der.length ? der : undefined;
}

/** Of the value a DER text begins with, head included; NaN where it does not say. [X.690 8.1.3] */
export function derLength(der: Buffer): number {
  const first = der[1] ?? NaN;
  if (first < 0x80) return 2 + first;
  const size = first & 0x7f;
  if (size === 0 || size > 4 || der.length < 2 + size) return NaN;
  return 2 + size + der.readUIntBE(2, size);
}
