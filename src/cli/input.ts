/** Files that options name, and standard input. */
import { readFile } from 'node:fs/promises';
import { messageOf, PacerError } from '../errors.ts';

/**
 * @param path `-` is standard input
 * @param flag as it is to be named where it cannot be read
 * @throws PacerError FILE_UNREADABLE
 */
export async function readNamed(path: string, flag: string): Promise<string> {
  try {
    return path === '-' ? await standardInput() : await readFile(path, 'utf8');
  } catch (error) {
    const name = path === '-' ? 'standard input' : path;
    throw new PacerError(
      'FILE_UNREADABLE',
      `${flag}${flag === '' ? '' : ' '}${name}: ${messageOf(error)}`,
      'check that it exists and that you may read it',
    );
  }
}

/** Not /dev/stdin: where it is a socket, as programs give it to programs, it cannot be opened. */
async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
