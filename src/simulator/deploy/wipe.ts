/** Killing with `wipe`: Marathon forgets the instance first and hears of its end later. */
import * as events from '../faults/events.ts';
import type { Instance } from '../cluster/instance.ts';
import type { Life } from '../cluster/life.ts';
import type { World } from '../cluster/world.ts';

/** [marathon] The goal changes, the instance is expunged by force, and its end is that of an unknown one. */
export async function wipe(world: World, life: Life, instance: Instance): Promise<void> {
  const { bus, timings } = world;
  const { id, spec, tasks } = instance;
  instance.goal = 'Decommissioned';
  bus.publish(events.instanceChanged(instance));
  const hadHealth = instance.healthy !== undefined;
  instance.condition = 'Killed';
  // The agent keeps ports and address until the tasks have ended.
  life.forget(instance);
  bus.publish(events.instanceChanged(instance));
  if (hadHealth) bus.publish(events.instanceHealthChanged(instance));
  life.schedule(world.registry.specs.get(spec.id) ?? spec);
  const graceMs = spec.killGraceMs ?? timings.killMs;
  await Promise.all(tasks.flatMap(({ sample }) => (sample ? [sample.stop(graceMs, timings.drainMs)] : [])));
  life.expunge(instance);
  bus.publish(
    events.event('unknown_instance_terminated_event', {
      instanceId: id,
      runSpecId: spec.id,
      condition: 'Killed',
    }),
  );
}
