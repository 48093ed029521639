/** Readiness checks: only tasks that start while a deployment runs are asked, and only until they pass. */
import type { Deployments } from '../deploy/deployments.ts';
import type { Instance } from './instance.ts';
import type { Json } from '../definitions/json.ts';
import { endpointOf } from './launch.ts';
import type { Life } from './life.ts';
import { probeHttp } from './probe.ts';
import type { ReadinessCheckSpec } from '../definitions/spec.ts';
import type { World } from './world.ts';

export class ReadinessChecks {
  readonly #world: World;
  readonly #life: Life;

  constructor(world: World, life: Life, deployments: Deployments) {
    this.#world = world;
    this.#life = life;
    const { hooks } = life;
    life.hooks = {
      ended: (instance) => hooks.ended(instance),
      running: (instance) => {
        if (deployments.locking([instance.spec.id]).length > 0) this.#begin(instance);
        hooks.running(instance);
      },
    };
  }

  /** The sample is ready: where checks believe the switch, it counts at once. */
  pass(instance: Instance): void {
    for (const { name } of instance.spec.readinessChecks) this.#passed(instance, name);
  }

  #begin(instance: Instance): void {
    for (const check of instance.spec.readinessChecks) {
      instance.ready.set(check.name, false);
      if (this.#world.checks === 'real') this.#ask(instance, check, instance.epoch);
    }
  }

  #ask(instance: Instance, check: ReadinessCheckSpec, epoch: number): void {
    const again = (): void => {
      this.#world.timers.after(Math.max(10, check.intervalMs), () => this.#ask(instance, check, epoch));
    };
    const [task] = instance.tasks;
    const endpoint = task && endpointOf(instance, task, check.portIndex);
    if (instance.epoch !== epoch || !endpoint) return;
    const isReady = (status: number): boolean => check.okStatuses.includes(status);
    void probeHttp({ kind: 'http', path: check.path, timeoutMs: check.timeoutMs }, endpoint, isReady).then(
      (verdict) => {
        if (instance.epoch !== epoch) return;
        if (verdict === undefined) this.#passed(instance, check.name);
        else again();
      },
    );
  }

  /** [marathon] No event tells it. */
  #passed(instance: Instance, name: string): void {
    if (instance.ready.get(name) !== false) return;
    instance.ready.set(name, true);
    this.#life.changed(instance.spec.id);
  }
}

/** As GET writes them. */
export function readinessResults(instances: readonly Instance[]): readonly Json[] {
  return instances.flatMap(({ ready, tasks }) =>
    [...ready].map(([name, passed]) => ({ name, taskId: tasks[0]?.id, ready: passed })),
  );
}
