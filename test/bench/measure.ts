/**
 * The measurements of one size, one after the other: full sync, idle, tasks that come, tasks that go.
 *
 * Who runs where: the daemon and HAProxy as their users run them; Marathon's simulator in a process of its own;
 * tasks and the wire to Marathon in another; the prober here. Together in one process they disturb each other: a
 * change makes the simulator's event loop stand still for up to 8 ms, giving out the list of all apps for 90 ms at
 * 1,000 apps and 700 ms at 10,000 (measured on 2 cores). The events' times are taken where they are published,
 * from a clock that all processes share.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonProcess } from '../../src/demo/daemon.ts';
import { startProbing } from './probe.ts';
import type { FullSync, Idle, SizeResult } from './result.ts';
import { hostOf, measureDown, measureUp, nameOf } from './rounds.ts';
import { revisionsOf, startStack, statusOf, type Stack } from './stack.ts';
import { cpuOf, memoryOf } from './usage.ts';

export interface MeasureOptions {
  readonly apps: number;
  readonly tasksEach: number;
  readonly rounds: number;
  /** How long the idle daemon is watched. */
  readonly idleMs: number;
  readonly program: string;
  readonly haproxyBin: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

/** After the full sync: what the start set off is over. */
const settleMs = 1000;

export async function measure(options: MeasureOptions): Promise<SizeResult> {
  const { apps, tasksEach, rounds, idleMs, program, haproxyBin, signal, progress } = options;
  const stack = await startStack({ program, haproxyBin, signal, killMs: 1500 });
  // Ctrl-C: what is under way fails for want of its processes, and the error leads to the same end.
  const stop = () => void stack.close();
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    progress(`${apps} apps x ${tasksEach} tasks: full sync`);
    await stack.marathon.load(apps, tasksEach);
    const daemon = stack.startPacer();
    const fullSync = await measureFullSync(stack, daemon, options);
    await sleep(Math.min(settleMs, idleMs), undefined, { signal });
    const idle = await measureIdle(daemon, idleMs, signal);
    const common = { stack, daemon, apps, rounds, idle };
    progress(`${apps} apps x ${tasksEach} tasks: ${rounds} tasks come`);
    const up = await measureUp({ ...common, tasksEach });
    progress(`${apps} apps x ${tasksEach} tasks: ${rounds} tasks go`);
    const down = await measureDown({ ...common, tasksEach: tasksEach + 1 });
    return { apps, tasksEach, fullSync, idle, up, down, memory: await memoryOf(daemon.pid) };
  } finally {
    signal.removeEventListener('abort', stop);
    await stack.close();
  }
}

async function measureFullSync(
  stack: Stack,
  daemon: DaemonProcess,
  { apps, tasksEach }: MeasureOptions,
): Promise<FullSync> {
  const began = performance.now();
  const before = await stack.marathon.counts();
  await Promise.race([
    daemon.ready(),
    stack.until('the daemon is ready', async () => (await daemon.get('/readyz')) !== undefined, 10),
  ]);
  const startToReadyMs = performance.now() - began;
  const { services, servers } = await statusOf(daemon);
  if (services !== apps || servers !== apps * tasksEach) {
    throw new Error(`${services} services with ${servers} servers are served, not ${apps} x ${tasksEach}`);
  }
  await answers(stack, `/bench/${nameOf(apps - 1)}`);
  const first = (await revisionsOf(daemon)).findLast(({ result }) => result.kind === 'applied');
  const after = await stack.marathon.counts();
  return {
    startToReadyMs,
    snapshotToAppliedMs: first?.eventToAppliedMs,
    stages: first?.durations ?? { derive: 0, render: 0, publish: 0, check: 0, apply: 0 },
    listBytes: after.listBytes - before.listBytes,
  };
}

/** The last app as well. */
async function answers({ httpPort, until }: Stack, app: string): Promise<void> {
  let answered = false;
  const probing = startProbing(httpPort, hostOf(app), ({ task }) => {
    answered ||= task !== undefined;
  });
  try {
    await until(`${app} answers`, () => answered);
  } finally {
    probing.stop();
  }
}

async function measureIdle(daemon: DaemonProcess, ms: number, signal: AbortSignal): Promise<Idle> {
  const before = await cpuOf(daemon.pid);
  await sleep(ms, undefined, { signal });
  const { own } = await cpuOf(daemon.pid);
  return { seconds: ms / 1000, cpuMsPerSecond: ms === 0 ? 0 : ((own - before.own) * 1000) / ms };
}
