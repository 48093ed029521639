/** Agents that are lost and come back, and what becomes of the tasks on them. */
import type { Agent } from './agents.ts';
import { isWanted, type Instance } from './instance.ts';
import { startSample } from './launch.ts';
import type { Life } from './life.ts';
import type { World } from './world.ts';

/**
 * The agent is gone from Marathon's sight. With `serving` its tasks go on (Mesos is cut off, the network is
 * not); otherwise their listeners are gone as well.
 */
export function loseAgent(world: World, life: Life, host: string, serving = false): void {
  const agent = world.agents.find(host);
  if (!agent || agent.lost) return;
  agent.lost = true;
  agent.serving = serving;
  for (const instance of [...world.registry.allInstances()]) {
    if (instance.agent !== agent || instance.condition !== 'Running') continue;
    if (!serving) destroySamples(instance);
    const { inactiveAfterMs } = instance.spec;
    if (inactiveAfterMs > 0) {
      life.enter(instance, 'Unreachable', 'TASK_UNREACHABLE');
      life.step(instance, inactiveAfterMs, () => becomeInactive(world, life, instance));
    } else becomeInactive(world, life, instance);
  }
}

/** [marathon] From now on Marathon does not count on it: a replacement starts, and it is forgotten later. */
function becomeInactive(world: World, life: Life, instance: Instance): void {
  const { expungeAfterMs } = instance.spec;
  const expunge = (): void => {
    // [marathon] It is killed when the agent is back, as an unknown instance.
    if (instance.agent?.serving === true) strandSamples(instance, instance.agent);
    else destroySamples(instance);
    life.expunge(instance);
  };
  const atOnce = expungeAfterMs === 0;
  // State first: an instance that is expunged at once is gone before its last event is told.
  if (atOnce) world.registry.removeInstance(instance);
  life.enter(instance, 'UnreachableInactive', 'TASK_UNREACHABLE');
  if (atOnce) expunge();
  else life.step(instance, expungeAfterMs, expunge);
  if (instance.goal === 'Running') life.schedule(world.registry.specs.get(instance.spec.id) ?? instance.spec);
}

/** The agent is back. Tasks that were not forgotten run again; those that are too many now are killed. */
export async function recoverAgent(world: World, life: Life, host: string): Promise<void> {
  const agent = world.agents.find(host);
  if (!agent?.lost) return;
  agent.lost = false;
  world.agents.clear([agent]);
  for (const instance of [...world.registry.allInstances()]) {
    if (instance.agent !== agent || !instance.condition.startsWith('Unreachable')) continue;
    const { epoch } = instance;
    for (const task of instance.tasks) task.sample ??= await startSample(world, instance, task);
    if (instance.epoch !== epoch) continue;
    instance.epoch += 1;
    life.enter(instance, 'Running', 'TASK_RUNNING');
    life.hooks.running(instance);
    const wanted = world.registry.instancesOf(instance.spec.id).filter(isWanted);
    if (wanted.length > instance.spec.instances) void life.kill(instance, true);
  }
}

function destroySamples(instance: Instance): void {
  for (const task of instance.tasks) {
    task.sample?.destroy();
    task.sample = undefined;
  }
}

function strandSamples(instance: Instance, agent: Agent): void {
  for (const task of instance.tasks) {
    if (task.sample !== undefined) agent.stranded.push(task.sample);
    task.sample = undefined;
  }
}
