/** The bytes of an answer, decompressed and parsed as JSON. undici's `request` does not decompress. */
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { describeBytes } from '../bounds/limits.ts';

const inflate = promisify(gunzip);

/** Reads a body. Rejects with an Error if it is larger; nothing beyond the limit is kept or read. */
export async function readBody(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

const tooLarge = (maxBytes: number) => new Error(`the answer is larger than ${describeBytes(maxBytes)}`);

/** @throws Error that says what is wrong with the body */
export function parseJson(plain: Buffer): unknown {
  try {
    return JSON.parse(plain.toString('utf8')) as unknown;
  } catch (cause) {
    throw new Error('the body is not JSON', { cause });
  }
}

/** Rejects with an Error that says what is wrong with the body. */
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
        if (cause instanceof RangeError) throw tooLarge(maxBytes);
        throw new Error('the gzip body is corrupt', { cause });
      }
    default:
      throw new Error(`the body has the content encoding "${encoding ?? ''}", which was not asked for`);
  }
}
