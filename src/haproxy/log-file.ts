/** The file that takes HAProxy's stdout and stderr: kept from growing without end, and read back for its words. */
import { open, rename, stat } from 'node:fs/promises';

/** Bytes; reached in years: HAProxy in master-worker mode writes a few lines a reload. */
const rotateAt = 5 * 1024 * 1024;
const longestRead = 64 * 1024;

/** Moves a file that has grown too long to `<file>.1`. Only while no HAProxy writes to it. */
export async function rotateLog(file: string, limit = rotateAt): Promise<void> {
  if ((await logSize(file)) > limit) await rename(file, `${file}.1`);
}

export async function logSize(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What was written since it had `from` bytes, the last 64 KiB of it; '' when it cannot be read. */
export async function readLogSince(file: string, from: number): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const start = Math.max(from, size - longestRead);
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
