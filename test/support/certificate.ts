/** Certificates for tests, made on the spot. */
import { generate } from 'selfsigned';

/** Certificate and private key as one PEM text. */
export async function makePem(name: string): Promise<string> {
  const made = await generate([{ name: 'commonName', value: name }], { keyType: 'ec', algorithm: 'sha256' });
  return `${made.cert.trim()}\n${made.private.trim()}\n`;
}
