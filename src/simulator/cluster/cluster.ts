/** Puts the parts of a simulator together. */
import type { ApiContext, Control } from '../api/context.ts';
import { route } from '../api/router.ts';
import { Deployments } from '../deploy/deployments.ts';
import { Faults } from '../faults/faults.ts';
import { Groups } from '../definitions/groups.ts';
import { HealthChecks } from './health.ts';
import { Life } from './life.ts';
import { createWorld } from '../options.ts';
import { ReadinessChecks } from './readiness.ts';
import type { ServerContext } from '../server.ts';
import type { SimulatorOptions } from '../settings.ts';
import type { EventStream } from '../faults/stream.ts';
import { controlOf } from '../faults/control.ts';
import { heavyPlan } from '../definitions/group-view.ts';
import { View } from '../definitions/view.ts';
import type { World } from './world.ts';

export interface Cluster {
  readonly world: World;
  readonly life: Life;
  readonly health: HealthChecks;
  readonly deployments: Deployments;
  readonly groups: Groups;
  readonly view: View;
  readonly faults: Faults;
  readonly streams: ReadonlySet<EventStream>;
  readonly control: Control;
  readonly serverContext: ServerContext;
  /** Ends all tasks and timers. */
  close(): void;
}

export async function createCluster(options: SimulatorOptions, port: number, host: string): Promise<Cluster> {
  const world = await createWorld(options, port);
  const { traits, bus } = world;
  const life = new Life(world);
  const health = new HealthChecks(world, life);
  const deployments = new Deployments(world, life, () => heavyPlan(world));
  const readiness = new ReadinessChecks(world, life, deployments);
  const groups = new Groups(world, deployments);
  const view = new View(world, deployments);
  const streams = new Set<EventStream>();
  const faults = new Faults(streams, bus);
  const control = controlOf({ world, life, health, readiness, streams });
  const leader = (): string => `${host}:${port}`;
  const context: ApiContext = {
    world,
    life,
    deployments,
    groups,
    view,
    faults,
    control,
    leader,
    abdicate: () => control.failover(),
  };
  return {
    world,
    life,
    health,
    deployments,
    groups,
    view,
    faults,
    streams,
    control,
    serverContext: {
      auth: options.auth,
      answer: (exchange) => route(context, exchange),
      events: {
        bus,
        faults,
        streams,
        leaderUrl: () => `http://${leader()}`,
        options: {
          heartbeatMs: options.heartbeatMs ?? 10_000,
          maxOutstanding: options.maxOutstanding ?? traits.maxOutstanding,
          slowReaders: options.slowReaders ?? traits.slowReaders,
        },
      },
    },
    close: () => {
      world.timers.clear();
      for (const instance of world.registry.allInstances()) {
        instance.epoch += 1;
        for (const task of instance.tasks) task.sample?.destroy();
      }
      world.agents.clear();
      world.shared?.close();
    },
  };
}
