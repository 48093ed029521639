/** Marathon as a model: whatever it does and whatever goes wrong on the way, the mirror ends as Marathon is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MarathonVersion } from '../../src/simulator/simulator.ts';
import { expectSame, mirroring, until, type Mirroring } from './mirroring.ts';

/** What is known to exist, so that commands make sense; how it goes on is Marathon's matter. */
interface Model {
  readonly apps: Set<string>;
  readonly lost: Set<string>;
}

type Command = fc.AsyncCommand<Model, Mirroring>;
type Marathon = Mirroring['marathon'];

const ids = ['/a', '/team/b', '/team/c'] as const;
const check = { protocol: 'HTTP', path: '/', portIndex: 0 };
const readinessCheck = { name: 'warm', path: '/', portName: 'http' };

/**
 * What the command sets going goes on while the next one starts. It may well be refused: by a deployment that
 * locks the app, or that another one overtakes.
 */
function command(name: string, run: (marathon: Marathon) => unknown, model: Partial<Command> = {}): Command {
  return {
    check: () => true,
    toString: () => name,
    run: async (_, { marathon }) => {
      const done = Promise.resolve()
        .then(() => run(marathon))
        .catch(() => undefined);
      await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 12))]);
    },
    ...model,
  };
}

/** With what it makes of the model. */
function changing(name: string, next: (model: Model) => void, run: (marathon: Marathon) => unknown): Command {
  const plain = command(name, run);
  return {
    ...plain,
    run: async (model, real) => {
      next(model);
      await plain.run(model, real);
    },
  };
}

const onApp = (id: string, name: string, run: (marathon: Marathon) => unknown): Command =>
  command(`${name} ${id}`, run, { check: (model) => model.apps.has(id) });

/** One of the tasks that run. */
const onTask = (pick: number, name: string, run: (marathon: Marathon, task: string) => unknown): Command =>
  command(`${name} task ${pick}`, (marathon) => {
    const running = marathon.tasks().filter(({ state }) => state === 'TASK_RUNNING');
    const task = running[pick % Math.max(1, running.length)];
    return task === undefined ? undefined : run(marathon, task.id);
  });

const id = fc.constantFrom(...ids);
const instances = fc.integer({ min: 0, max: 4 });
const pick = fc.nat({ max: 20 });

const deploy = fc
  .record({ id, instances, checks: fc.integer({ min: 0, max: 2 }), ready: fc.boolean(), keep: fc.boolean() })
  .map(({ id: app, instances: count, checks, ready, keep }) =>
    changing(
      `deploy ${app} x ${count} with ${checks} checks`,
      ({ apps }) => void apps.add(app),
      (marathon) =>
        marathon.deploy({
          id: app,
          instances: count,
          backoffSeconds: 0,
          portDefinitions: [{ port: 0, protocol: 'tcp', name: 'http' }],
          healthChecks: Array.from({ length: checks }, () => check),
          readinessChecks: ready ? [readinessCheck] : [],
          unreachableStrategy: keep
            ? { inactiveAfterSeconds: 60, expungeAfterSeconds: 120 }
            : { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
        }),
    ),
  );

const changes: fc.Arbitrary<Command>[] = [
  deploy,
  fc
    .tuple(id, instances)
    .map(([app, n]) => onApp(app, `scale to ${n}`, (marathon) => marathon.scale(app, n))),
  fc
    .tuple(id, fc.constantFrom('x', 'y'))
    .map(([app, label]) =>
      onApp(app, `label ${label}`, (marathon) => marathon.update(app, { labels: { label } })),
    ),
  id.map((app) => onApp(app, 'restart', (marathon) => marathon.restart(app))),
  id.map((app) => ({
    ...changing(
      `remove ${app}`,
      ({ apps }) => void apps.delete(app),
      (marathon) => marathon.remove(app),
    ),
    check: ({ apps }: Readonly<Model>) => apps.has(app),
  })),
  pick.map((n) => onTask(n, 'kill', (marathon, task) => marathon.kill(task))),
  pick.map((n) => onTask(n, 'kill and scale', (marathon, task) => marathon.kill(task, { scale: true }))),
  pick.map((n) => onTask(n, 'crash', (marathon, task) => marathon.failTask(task))),
  pick.map((n) => onTask(n, 'sicken', (marathon, task) => marathon.setHealthy(task, false))),
  pick.map((n) => onTask(n, 'heal', (marathon, task) => marathon.setHealthy(task, true))),
  pick.map((n) => onTask(n, 'make ready', (marathon, task) => marathon.setReady(task))),
  pick.map((n) =>
    onTask(n, 'lose the agent of', (marathon, task) =>
      marathon.loseAgent(marathon.tasks().find((one) => one.id === task)?.host ?? ''),
    ),
  ),
];

const faults: fc.Arbitrary<Command>[] = [
  fc.constant(command('change the leader', (marathon) => marathon.failover({ loseHealth: true }))),
  fc.constant(command('cut the stream', ({ faults: f }) => f.cutStreams())),
  fc.constant(command('cut it in a frame', ({ faults: f }) => f.cutStreams({ midFrame: true }))),
  fc.constant(command('close new streams', ({ faults: f }) => f.closeNewStreams(1))),
  fc.constant(command('stall', ({ faults: f }) => f.stallStreams())),
  fc.constant(command('resume', ({ faults: f }) => f.resumeStreams())),
  fc.constant(command('half-open', ({ faults: f }) => f.halfOpenStreams())),
  fc.constant(command('garbage', ({ faults: f }) => f.garbageFrame())),
  fc.constant(command('repeat events', ({ faults: f }) => f.duplicateEvents(20))),
  fc.constant(command('swap events', ({ faults: f }) => f.reorderEvents(20))),
  ...(['truncated', 'corrupt-gzip', 'garbage', 'unauthorized', 'reset'] as const).map((kind) =>
    fc.constant(command(`answer once: ${kind}`, ({ faults: f }) => f.answers({ kind }, { times: 2 }))),
  ),
  fc.constant(
    command('answer late', ({ faults: f }) =>
      f.answers({ kind: 'slow', ms: 60 }, { times: 3, path: '/v2/apps' }),
    ),
  ),
];

/** Until all is well and no deployment is left, so that there is one truth to compare with. */
async function quiet({ marathon, source }: Mirroring): Promise<void> {
  marathon.faults.clear();
  marathon.faults.resumeStreams();
  for (const host of new Set(marathon.tasks().map((task) => task.host))) await marathon.recoverAgent(host);
  let looks = 0;
  await until(async () => {
    for (const task of marathon.tasks()) {
      if (task.healthy === false) marathon.setHealthy(task.id, true);
      marathon.setReady(task.id);
    }
    const deployments = (await (await fetch(`${marathon.url}/v2/deployments`)).json()) as { id: string }[];
    // One that cannot end, for what has happened to its tasks, is cancelled, as an operator would.
    if (looks++ > 50)
      for (const one of deployments)
        await fetch(`${marathon.url}/v2/deployments/${one.id}?force=true`, { method: 'DELETE' });
    expect(deployments).toEqual([]);
    expect(source.status().connected).toBe(true);
  });
}

interface Run {
  readonly version: MarathonVersion;
  readonly commands: readonly fc.Arbitrary<Command>[];
  readonly numRuns: number;
  readonly resyncMs: number;
  /** Milliseconds of silence after which the stream is attached anew; where nothing goes wrong, none may be. */
  readonly watchdogMs?: number;
  readonly after: (both: Mirroring) => void | Promise<void>;
}

/** Long ones: fast-check's own begin with hardly any command. */
const walks = (commands: Run['commands']): fc.Arbitrary<Command[]> =>
  fc.array(fc.oneof(...commands), { minLength: 15, maxLength: 40, size: 'max' });

async function holds({
  version,
  commands,
  numRuns,
  resyncMs,
  watchdogMs = 60_000,
  after,
}: Run): Promise<void> {
  await fc.assert(
    fc.asyncProperty(walks(commands), async (steps) => {
      let ahead = 0;
      const both = await mirroring(
        {
          ...{ version, taskKilling: true, heartbeatMs: 40 },
          timings: { offerMs: 2, startingMs: 2, runningMs: 8, killMs: 8, healthScale: 0.01 },
        },
        {
          ...{ resyncMs, watchdogMs, readinessMs: 20, unreachableMs: 40, maxBackoffMs: 50 },
          elapsed: () => performance.now() + ahead,
        },
      );
      try {
        await fc.asyncModelRun(
          () => ({ model: { apps: new Set<string>(), lost: new Set<string>() }, real: both }),
          steps,
        );
        await quiet(both);
        await expectSame(both);
        // What was found to differ counts once nothing has explained it for a while.
        ahead = 10_000;
        await after(both);
      } finally {
        await both.source.close();
        await both.marathon.close();
      }
    }),
    // Shrinking would take longer than anybody waits.
    { numRuns, endOnFailure: true },
  );
}

const never = 3_600_000;

describe.each<MarathonVersion>(['1.4', '1.5', '1.8', '1.11'])('a model of Marathon %s', (version) => {
  it('gives the same state in the mirror, by its events alone', { timeout: 240_000 }, () =>
    holds({
      ...{ version, commands: changes, numRuns: 8, resyncMs: never },
      after: ({ source }) => expect(source.status()).toMatchObject({ resyncs: 0, reconnects: 0 }),
    }),
  );

  it(
    'gives the same state in the mirror, whatever goes wrong, without a resync to repair it',
    { timeout: 240_000 },
    () =>
      holds({
        ...{ version, commands: [...changes, ...faults], numRuns: 10, resyncMs: never, watchdogMs: 250 },
        after: () => undefined,
      }),
  );

  it('shows a resync nothing that the mirror does not have already', { timeout: 240_000 }, () =>
    holds({
      ...{ version, commands: changes, numRuns: 6, resyncMs: 30 },
      after: ({ source }) => expect(source.status()).toMatchObject({ resyncDifferences: 0 }),
    }),
  );
});
