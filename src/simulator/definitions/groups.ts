/** Changes of the root group, one after the other: plan, lock, deploy, and a moment later the new definitions. */
import { ApiError, locked } from '../api-error.ts';
import type { Deployments, Outcome } from '../deploy/deployments.ts';
import { event, type MarathonEvent } from '../faults/events.ts';
import { affectedIds, stepsOf, type Plan, type SpecChange } from '../deploy/plan.ts';
import type { RunSpec } from './spec.ts';
import type { World } from '../cluster/world.ts';

export interface Update {
  /** The group the change is told for. */
  readonly groupId: string;
  /** What becomes of each id; undefined = it goes. */
  readonly specs: ReadonlyMap<string, RunSpec | undefined>;
  readonly victims?: ReadonlyMap<string, readonly string[]>;
  readonly force: boolean;
  /** Told (api_post_event, pod_*_event) once GET shows the change. */
  readonly announce?: () => MarathonEvent | undefined;
}

export interface Deployed {
  readonly version: string;
  readonly deploymentId: string;
  readonly done: Promise<Outcome>;
}

export class Groups {
  readonly #world: World;
  readonly #deployments: Deployments;
  #last: Promise<unknown> = Promise.resolve();

  constructor(world: World, deployments: Deployments) {
    this.#world = world;
    this.#deployments = deployments;
  }

  /** `make` sees the state that all earlier updates have left, and the version this one gets. */
  update(make: (version: string) => Update): Promise<Deployed> {
    const result = this.#last.then(() => this.#apply(make));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #apply(make: (version: string) => Update): Promise<Deployed> {
    const { registry, bus, clock, uuids, timers, definitionDelayMs } = this.#world;
    const version = clock.next();
    const update = make(version);
    const changes = [...update.specs].map(([id, after]): SpecChange => {
      return { id, before: registry.specs.get(id), after, victims: update.victims?.get(id) ?? [] };
    });
    const plan: Plan = { id: uuids.next(), version, steps: stepsOf(changes), changes };
    this.#checkLocks(plan, update);
    const done = this.#deployments.start(plan);
    // [marathon] The deployment starts before the definitions are switched: for a while GET shows the old ones.
    await timers.wait(definitionDelayMs);
    for (const { id, after } of changes) {
      if (after) registry.set(after);
      else registry.delete(id);
    }
    registry.rootVersion = version;
    bus.publish(event('group_change_success', { groupId: update.groupId, version }));
    const announcement = update.announce?.();
    if (announcement) bus.publish(announcement);
    return { version, deploymentId: plan.id, done };
  }

  #checkLocks(plan: Plan, { groupId, force }: Update): void {
    const locks = this.#deployments.locking(affectedIds(plan));
    if (force) for (const id of locks) this.#deployments.cancel(id);
    else if (locks.length > 0) this.#reject(plan, groupId, locked(locks));
    else if (this.#deployments.count >= this.#world.maxDeployments) {
      const message = `Max number (${this.#world.maxDeployments}) of running deployments is achieved. Wait for existing deployments to complete or cancel one using force=true parameter.`;
      this.#reject(plan, groupId, new ApiError(403, { message }));
    }
  }

  /** [marathon] Also a plan that was never started is told as failed. */
  #reject(plan: Plan, groupId: string, error: ApiError): never {
    const { bus } = this.#world;
    bus.publish(event('group_change_failed', { groupId, version: plan.version, reason: error.message }));
    this.#deployments.failed(plan, error.message);
    throw error;
  }
}
