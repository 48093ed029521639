/** The benchmark's command line. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly apps: readonly number[];
  readonly tasksEach: number;
  readonly rounds: number;
  readonly json: boolean;
  readonly haproxyBin: string | undefined;
  /** The built `main.js`. */
  readonly program: string;
}

export const usage = `npm run bench -- [options]
  --apps 100,1000       how many apps; a column for each
  --tasks 5             tasks of each app
  --rounds 30           how many tasks come, and how many go; at most 200
  --haproxy-bin PATH    another HAProxy
  --program PATH        another built main.js, to compare two builds
  --json                the result as JSON`;

const mostRounds = 200;

/** @throws Error that says what is wrong; undefined when only help is asked for */
export function readOptions(argv: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      apps: { type: 'string', default: '100,1000' },
      tasks: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '30' },
      'haproxy-bin': { type: 'string' },
      program: { type: 'string', default: join(import.meta.dirname, '..', '..', 'dist', 'main.js') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    apps: values.apps.split(',').map((text) => whole('--apps', text, 50_000)),
    tasksEach: whole('--tasks', values.tasks, 1000),
    rounds: whole('--rounds', values.rounds, mostRounds),
    json: values.json,
    haproxyBin: values['haproxy-bin'],
    program: values.program,
  };
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new Error(`${name}: "${text}" is not a whole number from 1 to ${most}`);
  return value;
}
