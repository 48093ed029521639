/** Reads PEM strictly: tells a file that was cut off from a complete one. Pure. */

/** One block of a PEM file. */
export interface PemBlock {
  /** `CERTIFICATE`, `EC PRIVATE KEY`, ... */
  readonly label: string;
  readonly der: Buffer;
  /** From BEGIN to END, as OpenSSL reads it. */
  readonly text: string;
}

/** The blocks of a file, or what is wrong with it. */
export type PemResult =
  | { readonly ok: true; readonly blocks: readonly PemBlock[] }
  | { readonly ok: false; /** A clause about the file. */ readonly why: string };

/** Splits a text into its blocks. Text between blocks is for people and is ignored. [RFC 7468] */
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

/** @returns undefined if it is not base64, or not exactly one DER value */
function decoded(lines: readonly string[]): Buffer | undefined {
  // An encrypted key has `Proc-Type:`, `DEK-Info:` and an empty line, then content that needs the password.
  const isEncrypted = lines.some((line) => line.includes(':'));
  const body = lines.filter((line) => !line.includes(':')).join('');
  if (body === '' || body.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return undefined;
  const der = Buffer.from(body, 'base64');
  return isEncrypted || derLength(der) === der.length ? der : undefined;
}

/**
 * Length in bytes of the DER value at the beginning, with its header; NaN if the header is incomplete. [X.690 8.1.3]
 */
export function derLength(der: Buffer): number {
  const first = der[1] ?? NaN;
  if (first < 0x80) return 2 + first;
  const size = first & 0x7f;
  if (size === 0 || size > 4 || der.length < 2 + size) return NaN;
  return 2 + size + der.readUIntBE(2, size);
}
