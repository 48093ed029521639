/** Events by the thousand: the latest state wins, what is done is in proportion to what changed in the end, and memory stays bounded. */
import { afterEach, expect, test } from 'vitest';
import { residentMegabytes, serversOf } from '../support/chaos.ts';
import { httpApp, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let events = 0;

afterEach(() => stack.close());

const id = (n: number) => `/storm/app-${n}`;
const check = {
  protocol: 'HTTP',
  path: '/health',
  portIndex: 0,
  intervalSeconds: 60,
  timeoutSeconds: 60,
  gracePeriodSeconds: 60,
  maxConsecutiveFailures: 10,
};
/** Found by HAPROXY_0_VHOST; their tasks listen all on a few sockets, and are healthy by a switch. */
const apps = (count: number, parts: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, n) =>
    httpApp(id(n), 0, {
      labels: { HAPROXY_0_VHOST: `app-${n}.example` },
      healthChecks: [check],
      upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0.5 },
      ...parts,
    }),
  );

async function startWith(loaded: readonly object[], timings: Record<string, number> = {}): Promise<void> {
  stack = await startStack({
    start: false,
    flags: ['--service-ports', 'none', '--log-level', 'info'],
    simulator: {
      tasks: 'shared',
      checks: 'switch',
      timings: { offerMs: 5, startingMs: 5, runningMs: 20, killMs: 100, ...timings },
      // The simulator keeps up; a reader that is cut off is the matter of another test.
      maxOutstanding: 100_000,
    },
  });
  stack.marathon.load(loaded);
  await stack.marathon.listening();
  await stack.startPacer().ready();
  events = 0;
  stack.marathon.onEvent(() => events++);
}

interface Numbers {
  readonly reloads: number;
  readonly changes: number;
  /** Runtime commands that change something. */
  readonly commands: number;
  readonly megabytes: number;
}

async function numbers(): Promise<Numbers> {
  const { haproxy } = await stack.status();
  const metrics = (await stack.ask({ port: stack.ports.status, path: '/metrics' })).text;
  const changes = [...metrics.matchAll(/^pacer_changes_total (\d+)$/gm)];
  return {
    reloads: haproxy.running?.reloads ?? NaN,
    commands: haproxy.runtimeCommands,
    changes: changes.reduce((sum, [, count]) => sum + Number(count), 0),
    megabytes: residentMegabytes(stack.daemon().pid),
  };
}

/** HAProxy has exactly the servers of Marathon's tasks, app by app. */
async function converged(): Promise<void> {
  await stack.until('HAProxy has what Marathon has', async () => {
    const wanted = stack.marathon
      .tasks()
      .filter(({ state, healthy }) => state === 'TASK_RUNNING' && healthy !== false)
      .map(({ appId, address, port }) => `${appId} ${address}:${port}`)
      .sort();
    const list = (await stack.daemon().get('/apps')) as { id: string; services: { backend: string }[] }[];
    const appOf = new Map(list.flatMap(({ id: app, services }) => services.map((it) => [it.backend, app])));
    const served = (await serversOf(stack).catch(() => []))
      .filter(({ backend, admin }) => appOf.has(backend) && admin === 'ready')
      .map(({ backend, address, port }) => `${appOf.get(backend) ?? ''} ${address}:${port}`)
      .sort();
    const { ready, haproxy } = await stack.status();
    return String(served) === String(wanted) && ready && haproxy.inSync;
  });
}

/** @param moved how many servers came or went, the end held against the beginning */
async function expectCalm(before: Numbers, moved: number): Promise<void> {
  const after = await numbers();
  expect(after.reloads).toBe(before.reloads);
  expect(after.changes - before.changes).toBeLessThan(events / 5);
  expect(after.changes).toBeGreaterThan(before.changes);
  // To add, check and admit, or to drain, stop and delete; some are drained and taken back on the way.
  expect(after.commands - before.commands).toBeLessThan(8 * moved);
  expect(after.megabytes - before.megabytes).toBeLessThan(200);
  expect(await stack.status()).toMatchObject({ failure: null, marathon: { resyncDifferences: 0 } });
}

test('two thousand events at once: no reload, a fraction as many changes, everything as Marathon has it', async () => {
  await startWith(apps(400, { instances: 3 }));
  const before = await numbers();
  const old = new Set(stack.marathon.tasks().map((task) => task.id));
  const scaled: Promise<unknown>[] = [];
  for (const [n, { id: task }] of stack.marathon.tasks().entries()) {
    // Of each app's three tasks one crashes, one falls ill and recovers, one is killed in every other app.
    if (n % 3 === 0) stack.marathon.failTask(task);
    else if (n % 3 === 1) {
      stack.marathon.setHealthy(task, false);
      stack.marathon.setHealthy(task, true);
    } else if (n % 2 === 0) scaled.push(stack.marathon.kill(task));
  }
  for (let n = 0; n < 50; n++) scaled.push(stack.marathon.scale(id(n), 2 + (n % 4)).catch(() => undefined));
  await Promise.all(scaled);
  await stack.until('two thousand events have been', () => events >= 2000);
  await converged();
  const now = stack.marathon.tasks().map((task) => task.id);
  const kept = now.filter((task) => old.has(task)).length;
  await expectCalm(before, old.size + now.length - 2 * kept);
});

test('two hundred apps are restarted at once, task by task: no reload, everything as Marathon has it', async () => {
  await startWith(apps(200, { instances: 2 }));
  const before = await numbers();
  const old = new Set(stack.marathon.tasks().map((task) => task.id));
  await Promise.all(apps(200).map((_, n) => stack.marathon.restart(id(n))));
  await converged();
  expect(stack.marathon.tasks().filter((task) => old.has(task.id))).toEqual([]);
  await expectCalm(before, 2 * old.size);
});

test('one app goes from one task to five hundred and back: no reload, everything as Marathon has it', async () => {
  await startWith(apps(5));
  const before = await numbers();
  await stack.marathon.scale(id(0), 500);
  await converged();
  expect(await serversOf(stack)).toHaveLength(504);
  await stack.marathon.scale(id(0), 1);
  await converged();
  await stack.until('none of the servers is left over', async () => (await serversOf(stack)).length === 5);
  await expectCalm(before, 2 * 499);
});
