/** The log: JSON lines for machines, or coloured ones for people. */
import { pino, type Logger } from 'pino';

export type { Logger };

export interface LogOptions {
  readonly format: 'json' | 'pretty';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
}

export async function createLogger({ format, level }: LogOptions): Promise<Logger> {
  const options = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  if (format === 'json')
    return pino(
      { ...options, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination({ dest: 1, sync: true }),
    );
  const { default: pretty } = await import('pino-pretty');
  // In this process and synchronous, so that the last lines before an end are not lost.
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
