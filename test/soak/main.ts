/**
 * `npm run soak -- --minutes N`: random changes and failures of Marathon under traffic, and a report at the end.
 * `--rate`: changes a second. `--heap`: what lives on the daemon's heap at half time and at the end: what is
 * remembered for ten minutes grows until then.
 * Ends with 1 where a request failed, or the last state was not reached.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { memoryOf } from '../bench/usage.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { createTraffic, type TrafficResult } from '../support/traffic.ts';
import { randomFrom } from '../support/random.ts';
import { compareHeaps, heapEnvironment, takeHeap, type HeapDifference } from './heap.ts';
import { change, fault, hostOf, soakApp, type Churn } from './churn.ts';

const appCount = 20;
const faultEveryMs = 8_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '10' },
    heap: { type: 'boolean', default: false },
  },
});
process.exitCode = await soak({
  minutes: Number(values.minutes),
  seed: Number(values.seed),
  rate: Number(values.rate),
  heap: values.heap,
});

interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Changes a second. */
  readonly rate: number;
  readonly heap: boolean;
}

async function soak({ minutes, seed, rate, heap }: SoakOptions): Promise<number> {
  const random = randomFrom(seed);
  const directory = await mkdtemp(join(tmpdir(), 'pacer-soak-'));
  const stack = await startStack({
    ...(heap && { environment: heapEnvironment(directory) }),
    flags: [
      ...['--stream-timeout', '1', '--max-backoff', '2', '--marathon-timeout', '2', '--log-level', 'info'],
      ...['--drain-timeout', '5', '--resync-interval', '15'],
    ],
    simulator: {
      heartbeatMs: 200,
      timings: { offerMs: 20, startingMs: 20, runningMs: 100, killMs: 3_000, healthScale: 0.2 },
    },
  });
  try {
    const servicePorts = await stack.freePorts(appCount + 1);
    for (let n = 0; n < appCount; n++) await stack.marathon.deploy(soakApp(n, servicePorts[n] ?? 0));
    for (let n = 0; n < appCount; n++) await stack.inStep(`/soak/app-${n}`);
    const traffic = createTraffic({
      port: stack.ports.http,
      ...{ keepAlive: 8, close: 4 },
      target: (client) => ({ host: hostOf((client * 7) % appCount), path: '/' }),
    });
    traffic.start();
    const counts = new Map<string, number>();
    const memory: number[] = [];
    const end = Date.now() + minutes * 60_000;
    const churn = { marathon: stack.marathon, apps: appCount, servicePorts, random };
    const early = heap
      ? sleep((minutes * 60_000) / 2).then(() => takeHeap(stack.daemon().pid, directory))
      : undefined;
    await Promise.all([
      changeUntil(end, churn, counts, 1000 / rate),
      failUntil(end, churn, counts),
      watchMemory(end, stack, memory),
      early,
    ]);
    for (const { id } of stack.marathon.tasks()) stack.marathon.setHealthy(id, true);
    const reached = await converges(stack);
    if (early !== undefined)
      tellHeap(compareHeaps(await early, await takeHeap(stack.daemon().pid, directory)));
    return await report(stack, await traffic.stop(), counts, memory, reached);
  } finally {
    await stack.close();
    await rm(directory, { recursive: true, force: true });
  }
}

function tellHeap({ before, after, grown }: HeapDifference): void {
  const mega = (bytes: number) => (bytes / 1e6).toFixed(2);
  console.log(`live heap           ${mega(before)} MB at half time, ${mega(after)} MB at the end`);
  for (const { name, bytes, objects } of grown) console.log(`  ${mega(bytes)} MB ${objects} ${name}`);
}

async function changeUntil(
  end: number,
  churn: Churn,
  counts: Map<string, number>,
  everyMs: number,
): Promise<void> {
  const working = new Set<Promise<void>>();
  while (Date.now() < end) {
    const one = change(churn)
      // A later change of the same app may overtake this one.
      .catch(() => 'overtaken')
      .then((what) => {
        count(counts, `app ${what}`);
      })
      .finally(() => working.delete(one));
    working.add(one);
    await sleep(everyMs);
  }
  await Promise.all(working);
}

async function failUntil(
  end: number,
  { marathon, random }: Churn,
  counts: Map<string, number>,
): Promise<void> {
  while (Date.now() + faultEveryMs < end) {
    await sleep(faultEveryMs);
    count(counts, await fault(marathon, random));
  }
}

/** Once a second. */
async function watchMemory(end: number, stack: Stack, memory: number[]): Promise<void> {
  while (Date.now() < end) {
    memory.push((await memoryOf(stack.daemon().pid)).resident);
    await sleep(1_000);
  }
}

async function converges(stack: Stack): Promise<boolean> {
  try {
    for (let n = 0; n < appCount; n++) await stack.inStep(`/soak/app-${n}`);
    return true;
  } catch {
    return false;
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** Of a part of the samples, so that one collection of garbage more or less does not count. */
function median(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? NaN;
}

async function report(
  stack: Stack,
  { ok, failed, failures }: TrafficResult,
  counts: ReadonlyMap<string, number>,
  memory: readonly number[],
  reached: boolean,
): Promise<number> {
  const metrics = (await stack.ask({ port: stack.ports.status, path: '/metrics' })).text;
  const sum = (name: string) =>
    [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  const { marathon, haproxy } = await stack.status();
  const part = Math.max(1, Math.floor(memory.length / 5));
  const fifths = [0, 1, 2, 3, 4].map((n) => median(memory.slice(n * part, (n + 1) * part)).toFixed(0));
  console.log(
    [
      `requests            ${ok} answered, ${failed} failed ${failed === 0 ? '' : JSON.stringify(failures)}`,
      `changes applied     ${sum('pacer_changes_total')}, of them ${haproxy.running?.reloads ?? 0} reloads`,
      `resident memory     ${fifths.join(', ')} MB, fifth by fifth of the time`,
      `stream              ${marathon.reconnects} reconnects, ${marathon.resyncs} resyncs`,
      `differences found   ${marathon.resyncDifferences}`,
      `end                 ${reached ? 'HAProxy has what Marathon has' : 'HAPROXY DOES NOT HAVE WHAT MARATHON HAS'}`,
      ...[...counts].sort().map(([what, times]) => `${what.padEnd(26)} ${times}`),
    ].join('\n'),
  );
  return failed === 0 && reached ? 0 : 1;
}
