/** Which instances count as ready, and which ones go first. */
import { isActive, type Instance } from '../cluster/instance.ts';
import type { Life } from '../cluster/life.ts';
import { hasChecks, type RunSpec } from '../definitions/spec.ts';
import type { World } from '../cluster/world.ts';

/** What an action of a deployment works with. */
export interface ActionContext {
  readonly world: World;
  readonly life: Life;
  /** Aborts when the deployment is cancelled. */
  readonly signal: AbortSignal;
}

/** [marathon] Those that do not run first, then the unhealthy, then by age as the app says. */
export function victimsOf(instances: readonly Instance[], count: number, spec: RunSpec): readonly Instance[] {
  if (count <= 0) return [];
  const rank = (instance: Instance): number =>
    !isActive(instance) || instance.condition !== 'Running' ? 0 : instance.healthy === false ? 1 : 2;
  const aged = spec.oldestFirst ? [...instances] : instances.toReversed();
  return aged.sort((a, b) => rank(a) - rank(b)).slice(0, count);
}

/** Running, healthy where the app has checks, and ready where it was asked. */
export function isReady(instance: Instance): boolean {
  const runs = instance.goal === 'Running' && instance.condition === 'Running';
  const isAsked = [...instance.ready.values()].every((passed) => passed);
  return runs && isAsked && (!hasChecks(instance.spec) || instance.healthy === true);
}
