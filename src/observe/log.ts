/** The log: JSON lines for machines, or coloured ones for people. */
import { writeSync } from 'node:fs';
import { pino, type Logger } from 'pino';

export type { Logger };

/** The format and the lowest level that is logged. */
export interface LogOptions {
  readonly format: 'json' | 'pretty';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
}

/** Creates the logger. It writes to standard output. */
export async function createLogger({ format, level }: LogOptions): Promise<Logger> {
  const options = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  if (format === 'json')
    return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, { write: writeLine });
  const { default: pretty } = await import('pino-pretty');
  // In this process and synchronous, so that the last lines before the end are not lost.
  return pino(
    options,
    pretty({
      destination: 1,
      sync: true,
      translateTime: 'SYS:HH:MM:ss.l',
      singleLine: true,
      ignore: 'pid,hostname',
    }),
  );
}

const standardOutput = 1;
/** A reader that is slower than that loses lines. */
const patienceMs = 100;

/** Synchronous, so that the last lines before an end are not lost. A full disk costs lines, and nothing else. */
function writeLine(line: string): void {
  let rest = Buffer.from(line);
  for (let waited = 0; rest.length > 0 && waited <= patienceMs;) {
    try {
      rest = rest.subarray(writeSync(standardOutput, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      waited += 1;
    }
  }
}
