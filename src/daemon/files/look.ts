/**
 * Reads files of others, which may be on a disk that no longer answers. Node has four threads for all file operations,
 * and a thread that waits for a dead mount is lost until the mount is back. So at most two threads may wait, and each
 * read has a deadline.
 */
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../haproxy/files/durable.ts';

/** The result of reading a file. */
export type Look =
  | { readonly kind: 'content'; readonly content: Buffer; readonly stamp: string; readonly ageMs: number }
  /** Unchanged since it had this stamp. */
  | { readonly kind: 'same' }
  | { readonly kind: 'missing'; /** A clause: `it does not exist`. */ readonly why: string }
  /** No answer in time. That says nothing about the file. */
  | { readonly kind: 'unknown' };

/** Reads files with a deadline. */
export interface Looker {
  /** @param stamp of the content that is known already; without it the file is always read */
  readonly read: (path: string, stamp?: string) => Promise<Look>;
  /** Any other operation on the disk of this path, within the deadline. Rejects if the work rejects. */
  readonly ask: <T>(path: string, work: () => Promise<T>) => Promise<T | 'unknown'>;
}

/** TLS needs no larger file, and the content is kept in memory. */
const mostBytes = 16 * 1024 * 1024;

/** Threads that may wait for a disk at the same time. */
const mostStuck = 2;

/** @param deadlineMs milliseconds that one read may take */
export function createLooker({ deadlineMs = 1000, now = Date.now } = {}): Looker {
  /** Folders whose disk has not answered yet. */
  const stuck = new Set<string>();

  const ask: Looker['ask'] = async (path, work) => {
    const folder = dirname(path);
    if (stuck.has(folder) || stuck.size >= mostStuck) return 'unknown';
    const answer = work();
    const first = await Promise.race([
      answer.then(
        () => 'answered',
        () => 'answered',
      ),
      sleep(deadlineMs, 'silent', { ref: false }),
    ]);
    if (first === 'answered') return answer;
    stuck.add(folder);
    const free = () => void stuck.delete(folder);
    answer.then(free, free);
    return 'unknown';
  };

  const read = async (path: string, stamp?: string): Promise<Look> => {
    try {
      const look = await ask(path, () => readFile(path, stamp, now));
      return look === 'unknown' ? { kind: 'unknown' } : look;
    } catch (error) {
      return missing(error);
    }
  };

  return { ask, read };
}

async function readFile(path: string, stamp: string | undefined, now: () => number): Promise<Look> {
  const info = await stat(path);
  // Something else than a file, for example a pipe, could block a thread for ever.
  if (!info.isFile()) return { kind: 'missing', why: 'it is not a file' };
  if (info.size > mostBytes) return { kind: 'missing', why: `it is larger than ${mostBytes} bytes` };
  const found = stampOf(info);
  if (found === stamp) return { kind: 'same' };
  const handle = await open(path, 'r');
  try {
    const content = await handle.readFile();
    // If the file changed while it was read, its next stamp differs, and it is read again.
    return { kind: 'content', content, stamp: found, ageMs: now() - info.ctimeMs };
  } finally {
    await handle.close();
  }
}

/** Different content has a different stamp, unless both were written within one tick of the clock. */
export const stampOf = (info: { dev: number; ino: number; size: number; mtimeMs: number; ctimeMs: number }) =>
  [info.dev, info.ino, info.size, info.mtimeMs, info.ctimeMs].join(' ');

const reasons = new Map([
  ['ENOENT', 'it does not exist'],
  ['ENOTDIR', 'it does not exist'],
  ['EACCES', 'Pacer may not read it'],
  ['EPERM', 'Pacer may not read it'],
]);

/** The result for an error of the file system. */
export function missing(error: unknown): Extract<Look, { kind: 'missing' }> {
  const code = codeOf(error) ?? '';
  return { kind: 'missing', why: reasons.get(code) ?? `it cannot be read (${code || String(error)})` };
}
