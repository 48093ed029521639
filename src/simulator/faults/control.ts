/** What happens to a cluster from outside: tasks crash, fall ill, agents are lost, leaders change. */
import type { Control } from '../api/context.ts';
import * as events from './events.ts';
import type { HealthChecks } from '../cluster/health.ts';
import type { Instance, TaskRecord } from '../cluster/instance.ts';
import { endpointsOf } from '../cluster/launch.ts';
import type { Life } from '../cluster/life.ts';
import type { ReadinessChecks } from '../cluster/readiness.ts';
import type { EventStream } from './stream.ts';
import { loseAgent, recoverAgent } from '../cluster/unreachable.ts';
import type { World } from '../cluster/world.ts';

interface Parts {
  readonly world: World;
  readonly life: Life;
  readonly health: HealthChecks;
  readonly readiness: ReadinessChecks;
  readonly streams: ReadonlySet<EventStream>;
}

export function controlOf({ world, life, health, readiness, streams }: Parts): Control {
  return {
    setHealthy(taskId, healthy) {
      const { instance, task } = taskOf(world, taskId);
      task.healthy = healthy;
      health.switched(instance, task);
    },
    setReady: (taskId) => readiness.pass(taskOf(world, taskId).instance),
    failTask(taskId) {
      life.fail(taskOf(world, taskId).instance, 'Command exited with status 1');
    },
    loseAgent(host, { serving = false } = {}) {
      loseAgent(world, life, host, serving);
    },
    replaceAgent: (host) => world.agents.replace(host),
    recoverAgent: (host) => recoverAgent(world, life, host),
    failover({ loseHealth = true } = {}) {
      for (const stream of [...streams]) stream.close();
      if (loseHealth) health.forget();
      // [marathon] A moment later the new leader tells about the checks it has, and that Mesos knows it.
      world.timers.after(20, () => announceLeader(world));
    },
    state: () =>
      [...world.registry.allInstances()].flatMap((instance) =>
        instance.tasks.map((task) => stateOf(instance, task)),
      ),
  };
}

function announceLeader({ bus, registry }: World): void {
  for (const spec of registry.specs.values()) {
    if (spec.kind !== 'app') continue;
    for (const { checks } of spec.containers) {
      for (const check of checks) bus.publish(events.healthCheckAdded(spec, check));
    }
  }
  bus.publish(events.event('scheduler_reregistered_event', { master: 'localhost' }));
}

export function taskOf(world: World, taskId: string): { instance: Instance; task: TaskRecord } {
  const found = world.registry.findTask(taskId);
  if (!found) throw new RangeError(`No task has the id ${taskId}`);
  return found;
}

function stateOf(instance: Instance, task: TaskRecord): object {
  return {
    id: task.id,
    instanceId: instance.id,
    appId: instance.spec.id,
    version: instance.spec.version,
    state: task.state,
    condition: instance.condition,
    goal: instance.goal,
    healthy: instance.healthy ?? null,
    answersHealthy: task.healthy,
    host: instance.agent?.host ?? null,
    ports: task.ports,
    ipAddresses: task.ipAddresses,
    listensOn: task.sample
      ? endpointsOf(instance, task).map(({ address, port }) => `${address}:${port}`)
      : [],
  };
}
