import fc from 'fast-check';
import { expect, it } from 'vitest';
import { expectSame, mirroring, until, type Mirroring } from './tmp-mirroring.ts';

const ids = ['/a', '/team/b', '/team/c'] as const;
const checks = [{ protocol: 'HTTP', path: '/', portIndex: 0 }];

type Step =
  | { readonly kind: 'deploy'; readonly id: string; readonly instances: number; readonly checks: number }
  | { readonly kind: 'scale'; readonly id: string; readonly instances: number }
  | { readonly kind: 'label'; readonly id: string; readonly value: string }
  | { readonly kind: 'restart' | 'remove'; readonly id: string }
  | { readonly kind: 'kill' | 'fail' | 'sicken' | 'heal'; readonly pick: number };

const id = fc.constantFrom(...ids);
const instances = fc.integer({ min: 0, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('deploy' as const), id, instances, checks: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ kind: fc.constant('scale' as const), id, instances }),
  fc.record({ kind: fc.constant('label' as const), id, value: fc.constantFrom('x', 'y') }),
  fc.record({ kind: fc.constantFrom('restart' as const, 'remove' as const), id }),
  fc.record({
    kind: fc.constantFrom('kill' as const, 'fail' as const, 'sicken' as const, 'heal' as const),
    pick: fc.nat({ max: 20 }),
  }),
);

/** Starts the step; what it sets going goes on while the next one starts. */
function take({ marathon }: Mirroring, step: Step): Promise<unknown> {
  switch (step.kind) {
    case 'deploy': {
      const healthChecks = Array.from({ length: step.checks }, () => checks[0]);
      return marathon.deploy({ id: step.id, instances: step.instances, backoffSeconds: 0, healthChecks });
    }
    case 'scale':
      return marathon.scale(step.id, step.instances);
    case 'label':
      return marathon.update(step.id, { labels: { label: step.value } });
    case 'restart':
      return marathon.restart(step.id);
    case 'remove':
      return marathon.remove(step.id);
    default: {
      const running = marathon.tasks().filter((task) => task.state === 'TASK_RUNNING');
      const task = running[step.pick % Math.max(1, running.length)];
      if (task === undefined) return Promise.resolve();
      if (step.kind === 'kill') return marathon.kill(task.id);
      if (step.kind === 'fail') marathon.failTask(task.id);
      else marathon.setHealthy(task.id, step.kind === 'heal');
      return Promise.resolve();
    }
  }
}

/** Steps may well be refused: an app that does not exist, a deployment that another one overtakes. */
async function walk(both: Mirroring, steps: readonly Step[]): Promise<void> {
  for (const one of steps) {
    await Promise.race([
      Promise.resolve()
        .then(() => take(both, one))
        .catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 15)),
    ]);
  }
}

/** Until no deployment is left, so that there is one truth to compare with. */
async function quiet({ marathon }: Mirroring): Promise<void> {
  for (const task of marathon.tasks()) if (task.state === 'TASK_RUNNING') marathon.setHealthy(task.id, true);
  await until(async () => {
    for (const task of marathon.tasks()) if (task.healthy === false) marathon.setHealthy(task.id, true);
    const deployments = (await (await fetch(`${marathon.url}/v2/deployments`)).json()) as unknown[];
    expect(deployments).toEqual([]);
  });
}

it(
  'whatever happens in Marathon, events alone end with what Marathon lists',
  { timeout: 240_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (steps) => {
        const both = await mirroring({ taskKilling: true }, { resyncMs: 600_000 });
        await walk(both, steps);
        await quiet(both);
        await expectSame(both);
        expect(both.source.status()).toMatchObject({ resyncs: 0, reconnects: 0 });
        await both.source.close();
        await both.marathon.close();
      }),
      { numRuns: 300, endOnFailure: true },
    );
  },
);

it('repeated, swapped and cut streams end with what Marathon lists', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 20 }),
      fc.nat({ max: 9 }),
      async (steps, cut) => {
        const both = await mirroring({}, { resyncMs: 600_000 });
        both.marathon.faults.duplicateEvents(30);
        await walk(both, steps.slice(0, cut));
        both.marathon.faults.cutStreams({ midFrame: true });
        both.marathon.faults.reorderEvents(30);
        await walk(both, steps.slice(cut));
        both.marathon.faults.clear();
        await quiet(both);
        await expectSame(both);
        await both.source.close();
        await both.marathon.close();
      },
    ),
    { numRuns: 1 },
  );
});
