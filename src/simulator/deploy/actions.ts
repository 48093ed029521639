/** What the actions of a deployment do to the instances of an app or pod. */
import * as events from '../faults/events.ts';
import { isReady, victimsOf, type ActionContext } from './choice.ts';
import { isWanted, type Instance } from '../cluster/instance.ts';
import type { Action } from './plan.ts';
import { replaceAll } from './rolling.ts';
import type { RunSpec } from '../definitions/spec.ts';
import type { World } from '../cluster/world.ts';

export async function perform(action: Action, context: ActionContext): Promise<void> {
  const { spec } = action;
  if (action.kind === 'Start') addChecks(spec, context.world);
  else if (action.kind === 'Stop') await stop(spec, context);
  else if (action.kind === 'Scale') await scale(spec, action.victims, context);
  else {
    addChecks(spec, context.world);
    await replaceAll(spec, context);
  }
}

/** [marathon] Pods have no checks of Marathon's, and no events for them. */
function checksOf(spec: RunSpec) {
  return spec.kind === 'app' ? spec.containers.flatMap(({ checks }) => checks) : [];
}

function addChecks(spec: RunSpec, { bus }: World): void {
  for (const check of checksOf(spec)) bus.publish(events.healthCheckAdded(spec, check));
}

async function stop(spec: RunSpec, { world, life }: ActionContext): Promise<void> {
  for (const _check of checksOf(spec)) {
    world.bus.publish(events.event('remove_health_check_event', { appId: spec.id }));
  }
  await Promise.all(world.registry.instancesOf(spec.id).map((instance) => life.kill(instance, true)));
  world.bus.publish(events.event('app_terminated_event', { appId: spec.id }));
}

async function scale(spec: RunSpec, chosen: readonly string[], context: ActionContext): Promise<void> {
  const { world, life, signal } = context;
  const wanted = world.registry.instancesOf(spec.id).filter(isWanted);
  const victims = wanted.filter(({ id }) => chosen.includes(id));
  const rest = wanted.filter(({ id }) => !chosen.includes(id));
  victims.push(...victimsOf(rest, rest.length - spec.instances, spec));
  const known = new Set(wanted.map(({ id }) => id));
  const missing = spec.instances - (wanted.length - victims.length);
  for (let i = 0; i < missing; i++) life.schedule(spec);
  await Promise.all(victims.map((instance) => life.kill(instance, true)));
  if (missing <= 0) return;
  const isNew = ({ id }: Instance): boolean => !known.has(id);
  await life.until(
    spec.id,
    () => world.registry.instancesOf(spec.id).filter((one) => isNew(one) && isReady(one)).length >= missing,
    signal,
  );
}
