/** `pacer simulate`: its options read, then the simulator. */
import { PacerError } from '../errors.ts';
import { stopSignal } from './signals.ts';
import { simulate } from './commands/simulate.ts';

export async function simulateCommand(options: Record<string, unknown>): Promise<number> {
  const apps = count(options['apps'], '--apps');
  const load = typeof options['load'] === 'string' ? options['load'] : undefined;
  return simulate(
    {
      port: count(options['port'], '--port') ?? 8080,
      tasks: count(options['tasks'], '--tasks') ?? 5,
      ...(apps === undefined ? {} : { apps }),
      ...(load === undefined ? {} : { load }),
      sampleApps: apps === undefined && load === undefined,
    },
    { out: (line) => process.stdout.write(`${line}\n`), signal: stopSignal() },
  );
}

function count(value: unknown, flag: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^\d{1,7}$/.test(value)) return Number(value);
  throw new PacerError(
    'SETTINGS_INVALID',
    `${flag} ${JSON.stringify(value)} is not a number`,
    'write a whole number',
  );
}
