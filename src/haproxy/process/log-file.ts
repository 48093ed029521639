/** The file that takes HAProxy's stdout and stderr: kept from growing without end, and read back for its words. */
import { copyFile, open, stat, truncate } from 'node:fs/promises';

/**
 * Bytes. Each reload writes a line for each frontend and backend of the old worker ("Proxy b stopped"):
 * 0.7 MB where there are 10,000.
 */
const rotateAt = 16 * 1024 * 1024;
const longestRead = 4 * 1024 * 1024;

/**
 * Copies a file that has grown too long to `<file>.1` and empties it. HAProxy may be writing: its descriptor
 * appends, so it goes on at the new end; what it writes between copy and cut is lost.
 */
export async function rotateLog(file: string, limit = rotateAt): Promise<void> {
  if ((await logSize(file)) <= limit) return;
  await copyFile(file, `${file}.1`);
  await truncate(file, 0);
}

export async function logSize(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What was written since it had `from` bytes, the last 4 MiB of it; '' when it cannot be read. */
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
