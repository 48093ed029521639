/** The rolling replacement of an app's instances, within minimumHealthCapacity and maximumOverCapacity. */
import { isReady, victimsOf, type ActionContext } from './choice.ts';
import { isWanted, type Instance } from '../cluster/instance.ts';
import type { RunSpec } from '../definitions/spec.ts';

/**
 * [marathon] At once as many old ones are killed as the minimum allows; then each new one that is ready ends an
 * old one, and each place that becomes free is taken by a new one.
 */
export async function replaceAll(spec: RunSpec, context: ActionContext): Promise<void> {
  const { world, life, signal } = context;
  const all = (): readonly Instance[] => world.registry.instancesOf(spec.id);
  const old = (): readonly Instance[] =>
    all().filter((one) => isOld(one, spec) && isWanted(one) && !leaving.has(one.id));
  const fresh = (): readonly Instance[] => all().filter((one) => !isOld(one, spec) && isWanted(one));
  const leaving = new Set<string>();
  const kill = (victims: readonly Instance[]): void => {
    for (const victim of victims) {
      leaving.add(victim.id);
      void life.kill(victim, true);
    }
  };

  const minimum = Math.ceil(spec.instances * spec.minimumHealthCapacity);
  const ready = old().filter(isReady).length;
  kill(victimsOf(old(), immediateKills(old(), ready, minimum), spec));
  const most = capacity(spec, minimum, ready);
  let credited = 0;

  for (;;) {
    signal.throwIfAborted();
    const occupied = all().filter((one) => one.condition !== 'UnreachableInactive').length;
    const missing = Math.min(most - occupied, spec.instances - fresh().length);
    for (let i = 0; i < missing; i++) life.schedule(spec);
    const arrived = fresh().filter(isReady).length;
    kill(victimsOf(old(), arrived - credited, spec));
    credited = Math.max(credited, arrived);
    if (arrived >= spec.instances) kill(old());
    const remaining = all().filter((one) => isOld(one, spec)).length;
    if (arrived >= spec.instances && remaining === 0) break;
    await changeOf(spec.id, context);
  }
  const surplus = fresh().length - spec.instances;
  await Promise.all(victimsOf(fresh(), surplus, spec).map((one) => life.kill(one, true)));
}

function isOld(instance: Instance, spec: RunSpec): boolean {
  return instance.spec.configVersion !== spec.configVersion;
}

/** Old instances that are not ready can go at once, as can the ready ones above the minimum. */
function immediateKills(old: readonly Instance[], ready: number, minimum: number): number {
  return Math.max(0, old.length - ready) + Math.max(0, ready - minimum);
}

/** [marathon] Where the minimum leaves no room at all, one more than allowed may run, or nothing could ever change. */
function capacity(spec: RunSpec, minimum: number, ready: number): number {
  const most = Math.floor(spec.instances * (1 + spec.maximumOverCapacity));
  return most === minimum && ready >= minimum ? most + 1 : most;
}

/** Resolves at the next change of the app's instances. */
function changeOf(id: string, { life, signal }: ActionContext): Promise<void> {
  let looked = false;
  const changed = (): boolean => {
    const again = looked;
    looked = true;
    return again;
  };
  return life.until(id, changed, signal);
}
