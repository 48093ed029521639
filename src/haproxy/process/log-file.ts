/** The file that receives HAProxy's stdout and stderr. Limits its size, and reads HAProxy's output from it. */
import { copyFile, open, stat, truncate } from 'node:fs/promises';

/**
 * Bytes. Each reload writes a line for each frontend and backend of the old worker ("Proxy b stopped"): 0.7 MB for
 * 10,000 backends.
 */
const rotateAt = 16 * 1024 * 1024;
const longestRead = 4 * 1024 * 1024;

/**
 * Copies a file that is too large to `<file>.1` and empties it. HAProxy may be writing: its descriptor appends, so it
 * continues at the new end. What it writes between the copy and the truncation is lost.
 */
export async function rotateLog(file: string, limit = rotateAt): Promise<void> {
  if ((await logSize(file)) <= limit) return;
  await copyFile(file, `${file}.1`);
  await truncate(file, 0);
}

/** Size in bytes; 0 if there is no such file. */
export async function logSize(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What was written after the file had `from` bytes, at most the last 4 MiB; '' if it cannot be read. */
export async function readLogSince(file: string, from: number): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const start = Math.max(from > size ? 0 : from, size - longestRead);
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(Math.max(0, size - start)),
        0,
        null,
        start,
      );
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}
