/**
 * Rounds of one kind of change, each with another app, one after the other:
 *
 * up    the app is scaled up by one. From the moment at which Marathon publishes the new task's TASK_RUNNING
 *       until an answer of HAProxy names that task. With six servers round robin takes some answers to meet
 *       the new one; that is part of what a user sees.
 * down  the app is scaled down by one. From the moment at which Marathon publishes TASK_KILLING, the first
 *       sign, until the last answer that names the task: the last before `quietAnswers` others. The address
 *       answers on after that, so that it is HAProxy that ends the task's answers, not its death.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonProcess } from '../../src/demo/daemon.ts';
import type { TaskEvent } from './messages.ts';
import { startProbing, type ProbeAnswer } from './probe.ts';
import { spreadOf, stageNames, type Idle, type Phase, type Stages } from './result.ts';
import { revisionsOf, serversOf, statusOf, type RevisionView, type Stack } from './stack.ts';
import { cpuOf } from './usage.ts';

export interface RoundsOptions {
  readonly stack: Stack;
  readonly daemon: DaemonProcess;
  readonly apps: number;
  /** How many tasks each app has before the round. */
  readonly tasksEach: number;
  readonly rounds: number;
  readonly idle: Idle;
}

/** As many servers as the apps here have are met several times over in so many answers. */
const quietAnswers = 60;
/** In a round, for the answer that is waited for. */
const patienceMs = 30_000;
/** No further round is begun after so long. */
const longestMs = 180_000;
/** Between rounds, for what the last one left: the deployment's end, old workers. */
const pauseMs = 300;

interface Round {
  /** Undefined when it did not happen in time. */
  readonly ms: number | undefined;
  readonly probes: number;
  readonly failures: readonly string[];
}

export const measureUp = (options: RoundsOptions): Promise<Phase> =>
  phase(options, async (app, { stack, daemon, tasksEach }) => {
    const running = stack.marathon.next(app, ['TASK_RUNNING']);
    const told: { event?: TaskEvent } = {};
    const first = new Map<string, number>();
    // Traffic is there before, as in life, and an answer may be here before the word of the event.
    const watched = watch(stack, app, (answer) => {
      if (answer.task !== undefined && !first.has(answer.task)) first.set(answer.task, answer.at);
      const { event } = told;
      const at = event === undefined ? undefined : first.get(event.address);
      return event !== undefined && at !== undefined && Math.max(0, at - event.at);
    });
    const scaled = stack.marathon.scale(app, tasksEach + 1);
    const { task } = (told.event = await running);
    const [round] = await Promise.all([watched, scaled]);
    await stack.until(`${app} has its new server`, async () => {
      const servers = await serversOf(daemon, app);
      return servers.includes(task);
    });
    return round;
  });

export const measureDown = (options: RoundsOptions): Promise<Phase> =>
  phase(options, async (app, { stack, daemon, tasksEach }) => {
    const killing = stack.marathon.next(app, ['TASK_KILLING']);
    const told: { event?: TaskEvent } = {};
    let last = 0;
    let others = 0;
    // Asked before the event as well: the answer that comes right after it may be the last.
    const watched = watch(stack, app, ({ task, at }) => {
      if (task === undefined || told.event === undefined) return false;
      others = task === told.event.address ? 0 : others + 1;
      if (others === 0) last = at;
      return others >= quietAnswers && Math.max(0, last - told.event.at);
    });
    const scaled = stack.marathon.scale(app, tasksEach - 1);
    const { task } = (told.event = await killing);
    const [round] = await Promise.all([watched, scaled]);
    await stack.until(
      `${app} has lost its server`,
      async () => !(await serversOf(daemon, app)).includes(task),
    );
    return round;
  });

async function phase(
  options: RoundsOptions,
  perform: (app: string, options: RoundsOptions) => Promise<Round>,
): Promise<Phase> {
  const { stack, daemon, apps, rounds, idle } = options;
  const began = performance.now();
  const before = await state(options);
  const done: Round[] = [];
  const revisions: RevisionView[] = [];
  let lastRevision = (await revisionsOf(daemon))[0]?.revision ?? 0;
  while (done.length < rounds && performance.now() - began < longestMs) {
    // Spread over all of them, so that it is not always the first lines of the configuration.
    const index = Math.floor((done.length * apps) / rounds) % apps;
    done.push(await perform(`/bench/${nameOf(index)}`, options));
    await stack.until('the daemon is in step', async () => (await daemon.get('/readyz')) !== undefined);
    await sleep(pauseMs);
    const fresh = (await revisionsOf(daemon)).filter(({ revision }) => revision > lastRevision);
    lastRevision = fresh[0]?.revision ?? lastRevision;
    revisions.push(...fresh.filter(({ result }) => result.kind === 'applied'));
  }
  const after = await state(options);
  const seconds = (performance.now() - began) / 1000;
  const each = (of: (state: State) => number) => (of(after) - of(before)) / done.length;
  const failures = done.flatMap((round) => round.failures);
  return {
    rounds: done.length,
    missed: done.filter(({ ms }) => ms === undefined).length,
    latency: spreadOf(done.flatMap(({ ms }) => ms ?? [])),
    eventToApplied: spreadOf(revisions.flatMap(({ eventToAppliedMs }) => eventToAppliedMs ?? [])),
    stages: medianStages(revisions),
    probes: done.reduce((sum, { probes }) => sum + probes, 0),
    failedProbes: failures.length,
    failures: [...new Set(failures)].slice(0, 5),
    reloads: after.reloads - before.reloads,
    lists: after.counts.lists - before.counts.lists,
    perChange: {
      commands: each(({ commands }) => commands),
      events: each(({ counts }) => counts.events),
      cpuMs: each(({ cpu }) => cpu.own) - (idle.cpuMsPerSecond * seconds) / done.length,
      checkCpuMs: each(({ cpu }) => cpu.children),
      fetchedBytes: each(({ counts }) => counts.fetchedBytes),
      streamBytes: each(({ counts }) => counts.streamBytes),
      requests: each(({ counts }) => counts.requests),
    },
  };
}

type State = Awaited<ReturnType<typeof state>>;

async function state({ stack, daemon }: RoundsOptions) {
  const { haproxy } = await statusOf(daemon);
  return {
    counts: await stack.marathon.counts(),
    cpu: await cpuOf(daemon.pid),
    reloads: haproxy.running?.reloads ?? 0,
    commands: haproxy.runtimeCommands,
  };
}

/** Probes until an answer settles the round. @param settles the round's milliseconds, or false */
async function watch(
  { httpPort, signal }: Stack,
  app: string,
  settles: (answer: ProbeAnswer) => number | false,
): Promise<Round> {
  let probes = 0;
  const failures: string[] = [];
  const ms = await new Promise<number | undefined>((resolve) => {
    const probing = startProbing(httpPort, hostOf(app), (answer) => {
      probes += 1;
      if (answer.failure !== undefined) failures.push(answer.failure);
      const settled = settles(answer);
      if (settled !== false) end(settled);
    });
    const end = (result: number | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      probing.stop();
      resolve(result);
    };
    const giveUp = () => end(undefined);
    const timer = setTimeout(giveUp, patienceMs);
    signal.addEventListener('abort', giveUp);
  });
  return { ms, probes, failures };
}

const medianStages = (revisions: readonly RevisionView[]): Stages =>
  Object.fromEntries(
    stageNames.map((name) => [name, spreadOf(revisions.map(({ durations }) => durations[name])).p50]),
  ) as unknown as Stages;

/** As the simulator's generated apps are called. */
export const nameOf = (index: number): string => `app-${String(index + 1).padStart(5, '0')}`;
export const hostOf = (app: string): string => `${app.slice('/bench/'.length)}.bench.localhost`;
