/** `pacer simulate`: its options read, then the simulator. */
import { wholeNumber } from './options.ts';
import { stopSignal } from './signals.ts';
import { simulate } from './commands/simulate.ts';

export async function simulateCommand(options: Record<string, unknown>): Promise<number> {
  const apps = wholeNumber(options['apps'], '--apps', { min: 0, max: 100_000 });
  const load = typeof options['load'] === 'string' ? options['load'] : undefined;
  return simulate(
    {
      port: wholeNumber(options['port'], '--port', { min: 0, max: 65_535 }) ?? 8080,
      tasks: wholeNumber(options['tasks'], '--tasks', { min: 0, max: 10_000 }) ?? 5,
      ...(apps === undefined ? {} : { apps }),
      ...(load === undefined ? {} : { load }),
      sampleApps: apps === undefined && load === undefined,
    },
    { out: (line) => process.stdout.write(`${line}\n`), signal: stopSignal() },
  );
}
