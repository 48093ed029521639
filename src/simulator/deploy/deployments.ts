/** Deployments that run: they lock their apps, perform one step after the other and tell about it. */
import { setMaxListeners } from 'node:events';
import { perform } from './actions.ts';
import { event } from '../faults/events.ts';
import type { Json } from '../definitions/json.ts';
import type { Life } from '../cluster/life.ts';
import { actionJson, affectedIds, planJson, stepJson, type Plan } from './plan.ts';
import type { World } from '../cluster/world.ts';

const cancelled = 'The upgrade has been cancelled';

export type Outcome = 'success' | 'failed';

interface Running {
  readonly plan: Plan;
  readonly abort: AbortController;
  readonly done: Promise<Outcome>;
  step: number;
}

export class Deployments {
  readonly #world: World;
  readonly #life: Life;
  readonly #running = new Map<string, Running>();
  /** What heavy plans carry besides the steps. */
  readonly #planExtra: () => Json;

  constructor(world: World, life: Life, planExtra: () => Json = () => ({})) {
    this.#world = world;
    this.#life = life;
    this.#planExtra = planExtra;
  }

  /** Ids of the deployments that lock one of these apps. */
  locking(ids: readonly string[]): readonly string[] {
    const wanted = new Set(ids);
    return [...this.#running.values()]
      .filter(({ plan }) => affectedIds(plan).some((id) => wanted.has(id)))
      .map(({ plan }) => plan.id);
  }

  get(id: string): Plan | undefined {
    return this.#running.get(id)?.plan;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Starts at once; the promise tells how it ended and never rejects. */
  start(plan: Plan): Promise<Outcome> {
    const abort = new AbortController();
    // A plan may hold thousands of apps, and each waits with the same signal.
    setMaxListeners(0, abort.signal);
    const extra = this.#planExtra();
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const done = begun.then(() => this.#run(running, extra));
    const running: Running = { plan, abort, done, step: 0 };
    this.#running.set(plan.id, running);
    for (const id of affectedIds(plan)) this.#world.registry.touch(id);
    begin();
    return done;
  }

  /** Ends a deployment where it is; what it has done stays. */
  cancel(id: string, reason = cancelled): void {
    const running = this.#running.get(id);
    if (!running) return;
    this.#finish(running.plan);
    running.abort.abort(new Error(reason));
    this.failed(running.plan, reason);
  }

  failed(plan: Plan, reason: string): void {
    const { bus } = this.#world;
    bus.publish(event('deployment_failed', { id: plan.id, plan: planJson(plan, this.#planExtra()), reason }));
  }

  list(): readonly Json[] {
    return [...this.#running.values()].map(({ plan, step }) => {
      const actions = plan.steps.flatMap((one) => one.actions);
      const affected = (kind: 'app' | 'pod'): string[] => [
        ...new Set(actions.filter(({ spec }) => spec.kind === kind).map(({ spec }) => spec.id)),
      ];
      const current = plan.steps[step - 1]?.actions ?? [];
      return {
        id: plan.id,
        version: plan.version,
        affectedApps: affected('app'),
        affectedPods: affected('pod'),
        steps: plan.steps.map(stepJson),
        currentActions: current.map((one) => ({ ...actionJson(one), readinessCheckResults: [] })),
        currentStep: step,
        totalSteps: plan.steps.length,
      };
    });
  }

  async #run(running: Running, extra: Json): Promise<Outcome> {
    const { plan, abort } = running;
    const { signal } = abort;
    const written = planJson(plan, extra);
    const publish = (type: string, fields: Json): void =>
      this.#world.bus.publish(event(type, { ...fields, plan: written }));
    try {
      for (const [index, step] of plan.steps.entries()) {
        running.step = index + 1;
        const currentStep = stepJson(step);
        publish('deployment_info', { currentStep });
        const context = { world: this.#world, life: this.#life, signal };
        await Promise.all(step.actions.map((action) => perform(action, context)));
        signal.throwIfAborted();
        if (index === plan.steps.length - 1) this.#finish(plan);
        publish('deployment_step_success', { currentStep });
      }
    } catch (error) {
      if (!signal.aborted) this.cancel(plan.id, String(error));
      return 'failed';
    }
    this.#finish(plan);
    publish('deployment_success', { id: plan.id });
    return 'success';
  }

  /** [marathon] The app's list of deployments is empty before the success is told. */
  #finish(plan: Plan): void {
    this.#running.delete(plan.id);
    for (const id of affectedIds(plan)) this.#world.registry.touch(id);
  }
}
