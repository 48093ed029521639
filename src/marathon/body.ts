/** An answer's bytes to JSON. undici's `request` does not decompress. It must not know Marathon's API. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const inflate = promisify(gunzip);

/** @throws Error that says what is wrong with the body */
export function parseJson(plain: Buffer): unknown {
  try {
    return JSON.parse(plain.toString('utf8')) as unknown;
  } catch (cause) {
    throw new Error('the body is not JSON', { cause });
  }
}

/** Rejects with a plain error that says what is wrong with the body. */
export async function decompress(
  bytes: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  switch (encoding?.toLowerCase() ?? 'identity') {
    case 'identity':
      return bytes;
    case 'gzip':
    case 'x-gzip':
      try {
        return await inflate(bytes, { maxOutputLength: maxBytes });
      } catch (cause) {
        throw new Error('the gzip body is corrupt or too large', { cause });
      }
    default:
      throw new Error(`the body has the content encoding "${encoding ?? ''}", which was not asked for`);
  }
}
