/** The tokens of the status server: one per line of a file, which is read again whenever it changes. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { messageOf, PacerError } from '../errors.ts';

/** The accepted tokens. */
export interface Tokens {
  /** Takes the same time for every token. Always false while the file cannot be read. */
  readonly has: (token: string) => boolean;
}

const shortest = 16;
const readableByOthers = 0o004;

/**
 * @param warn called once for each state of the file that has a fault
 * @throws PacerError FILE_UNREADABLE, FILE_MALFORMED
 */
export function tokenFile(path: string, warn: (message: string) => void): Tokens {
  let seen = '';
  let digests: readonly Buffer[] = [];
  const read = () => {
    const { mtimeMs, ino, size, mode } = statSync(path);
    const now = `${mtimeMs} ${ino} ${size} ${mode}`;
    if (now === seen) return;
    const tokens = tokensOf(path, readFileSync(path, 'utf8'));
    if ((mode & readableByOthers) !== 0) {
      warn(
        `${path} contains the tokens of the status server, and every user of this machine can read it; chmod 640 it`,
      );
    }
    digests = tokens.map(digest);
    seen = now;
  };
  try {
    read();
  } catch (error) {
    if (error instanceof PacerError) throw error;
    throw new PacerError(
      'FILE_UNREADABLE',
      `--status-token-file ${path}: ${messageOf(error)}`,
      'check that the file exists and that Pacer may read it',
    );
  }
  let told = '';
  return {
    has: (token) => {
      try {
        read();
        told = '';
      } catch (error) {
        digests = [];
        seen = '';
        const message = `no token is accepted, because --status-token-file cannot be used now: ${messageOf(error)}`;
        if (message !== told) warn((told = message));
      }
      const given = digest(token);
      // All of them are compared, so that the time reveals nothing.
      return digests.map((known) => timingSafeEqual(known, given)).includes(true);
    },
  };
}

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

function tokensOf(path: string, content: string): string[] {
  const tokens = content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (tokens.length > 0 && tokens.every((token) => token.length >= shortest && !/\s/.test(token)))
    return tokens;
  throw new PacerError(
    'FILE_MALFORMED',
    `--status-token-file ${path} ${tokens.length === 0 ? 'contains no token' : `contains a token that is shorter than ${shortest} characters or has a blank`}`,
    `write one token per line, for example with: openssl rand -hex 32 > ${path}`,
  );
}
