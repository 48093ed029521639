/** `npm run bench`: measures Pacer with a real HAProxy and a simulated Marathon, and prints a table. */
import { describeMachine } from './machine.ts';
import { measure } from './measure.ts';
import { readOptions, usage, type BenchOptions } from './options.ts';
import type { BenchResult, SizeResult } from './result.ts';
import { daemonFlags } from './stack.ts';
import { tableOf } from './table.ts';

/** Two looks at HAProxy, which the daemon takes every five seconds. */
const idleMs = 10_000;
/** npm and tsx pass a Ctrl-C on that has reached us already. */
const echoMs = 2000;

process.exitCode = await main();

async function main(): Promise<number> {
  const signal = stopSignal();
  try {
    const options = readOptions(process.argv.slice(2));
    if (options === undefined) {
      console.log(usage);
      return 0;
    }
    const result = await bench(options, signal);
    console.log(options.json ? JSON.stringify(result, undefined, 2) : tableOf(result));
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

async function bench(options: BenchOptions, signal: AbortSignal): Promise<BenchResult> {
  const machine = await describeMachine(options.haproxyBin);
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  const sizes: SizeResult[] = [];
  for (const apps of options.apps) sizes.push(await measure({ ...options, apps, idleMs, signal, progress }));
  return { sizes, flags: daemonFlags, machine };
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      first ||= Date.now();
      controller.abort();
      if (Date.now() - first > echoMs) process.exit(130);
    });
  }
  return controller.signal;
}
