/** The life of an instance from the wish for it to its end, and the events on the way: state first, then the event. */
import { timestamp } from './clock.ts';
import * as events from '../faults/events.ts';
import { instanceIdOf } from '../definitions/ids.ts';
import type { Condition, Instance, TaskState } from './instance.ts';
import { place, release, startSample } from './launch.ts';
import { rejection } from './offers.ts';
import type { RunSpec } from '../definitions/spec.ts';
import type { World } from './world.ts';

/** [marathon] A task that ran this long is no part of a crash loop. */
const crashLoopMs = 60_000;

/** Until the next offers come to an instance that none has fitted. */
const nextOffersMs = 1000;

/** Told of each change, by the health checks. */
export interface LifeHooks {
  running(instance: Instance): void;
  ended(instance: Instance): void;
}

export class Life {
  readonly #world: World;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #kills = new Map<Instance, Promise<void>>();
  hooks: LifeHooks = { running: () => undefined, ended: () => undefined };

  constructor(world: World) {
    this.#world = world;
  }

  /** A new instance of `spec`; `delayMs` is a backoff. */
  schedule(spec: RunSpec, delayMs = 0, failures = 0): Instance {
    const { registry, uuids, traits, timings } = this.#world;
    const instance: Instance = {
      id: instanceIdOf(spec.id, uuids.next(), traits.incarnations || spec.kind === 'pod'),
      spec,
      condition: traits.incarnations ? 'Scheduled' : 'Created',
      goal: 'Running',
      incarnation: 0,
      agent: undefined,
      address: undefined,
      tasks: [],
      healthy: undefined,
      ready: new Map(),
      failures,
      since: timestamp(),
      epoch: 0,
    };
    registry.addInstance(instance);
    // [marathon] Before 1.8 an instance exists only once there is an offer for it.
    if (traits.incarnations) this.#publishChange(instance);
    this.step(instance, delayMs + timings.offerMs, () => this.#offer(instance));
    return instance;
  }

  /** Ends an instance; without `decommission` it comes back. Resolves when it is dead. */
  kill(instance: Instance, decommission: boolean): Promise<void> {
    if (decommission && instance.goal === 'Running') {
      instance.goal = 'Decommissioned';
      // [marathon] A change of the goal shows as a change to the condition it has already.
      this.#publishChange(instance);
    }
    const running = this.#kills.get(instance);
    if (running) return running;
    const kill = this.#kill(instance).finally(() => this.#kills.delete(instance));
    this.#kills.set(instance, kill);
    return kill;
  }

  /** The task ends by itself; it comes back after the backoff. */
  fail(instance: Instance, message: string): void {
    const { startedAt } = instance.tasks[0] ?? {};
    const ran = startedAt === undefined ? 0 : Date.now() - Date.parse(startedAt);
    instance.failures = ran > crashLoopMs ? 1 : instance.failures + 1;
    for (const task of instance.tasks) task.sample?.destroy();
    this.#world.registry.lastFailures.set(instance.spec.id, {
      appId: instance.spec.id,
      host: instance.agent?.host ?? '',
      message,
      state: 'TASK_FAILED',
      taskId: instance.tasks[0]?.id ?? instance.id,
      timestamp: timestamp(),
      version: instance.spec.version,
    });
    this.end(instance, 'Failed', 'TASK_FAILED', message);
  }

  /** The tasks are over: terminal state, resources given back, and either gone or waiting to be launched again. */
  end(instance: Instance, condition: Condition, state: TaskState, message = ''): void {
    const { registry, bus, traits } = this.#world;
    instance.epoch += 1;
    const hadMesosHealth = instance.healthy !== undefined && usesMesosChecks(instance);
    const last = instance.tasks.map((task) => ({ ...task, state }));
    release(this.#world, instance);
    for (const task of instance.tasks) {
      Object.assign(task, { state, ipAddresses: [], sample: undefined, results: [] });
    }
    this.#setCondition(instance, condition);
    instance.healthy = undefined;
    instance.ready.clear();
    const stays = instance.goal === 'Running' && traits.incarnations;
    if (!stays) registry.removeInstance(instance);
    registry.touch(instance.spec.id);
    this.hooks.ended(instance);
    // [marathon] The last event still tells the ports and addresses that GET no longer has.
    for (const task of last) bus.publish(events.statusUpdate(instance, task, message));
    this.#publishChange(instance);
    if (hadMesosHealth) bus.publish(events.instanceHealthChanged(instance));
    if (instance.goal === 'Running') this.#relaunch(instance);
    this.changed(instance.spec.id);
  }

  /** Removes an instance that has no task to end, or whose task is given up. */
  expunge(instance: Instance): void {
    release(this.#world, instance);
    this.forget(instance);
  }

  /** The instance is no longer known; what it holds on its agent stays with it. */
  forget(instance: Instance): void {
    instance.epoch += 1;
    this.#world.registry.removeInstance(instance);
    this.hooks.ended(instance);
    this.changed(instance.spec.id);
  }

  /** Publishes the state of all tasks and, where it differs, the new condition. */
  enter(instance: Instance, condition: Condition, state: TaskState): void {
    const changes = instance.condition !== condition;
    for (const task of instance.tasks) task.state = state;
    this.#setCondition(instance, condition);
    for (const task of instance.tasks) this.#world.bus.publish(events.statusUpdate(instance, task));
    if (changes) this.#publishChange(instance);
    this.changed(instance.spec.id);
  }

  /** The next step of an instance; it is dropped when the instance takes another one before. */
  step(instance: Instance, ms: number, run: () => void): void {
    const epoch = ++instance.epoch;
    this.#world.timers.after(ms, () => {
      if (instance.epoch === epoch) run();
    });
  }

  /** Resolves when `done` holds for the app; rejects with the signal's reason when that aborts. */
  until(runSpecId: string, done: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(runSpecId) ?? new Set();
      this.#waiting.set(runSpecId, waiting);
      const finish = (): void => {
        waiting.delete(look);
        signal.removeEventListener('abort', look);
      };
      const look = (): void => {
        if (!signal.aborted && !done()) return;
        finish();
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      waiting.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  /** Something about the instances of this app is different now: who waits may look again. */
  changed(runSpecId: string): void {
    this.#world.registry.touch(runSpecId);
    for (const look of [...(this.#waiting.get(runSpecId) ?? [])]) look();
  }

  #offer(instance: Instance): void {
    const { registry, timings, traits } = this.#world;
    const latest = registry.specs.get(instance.spec.id);
    if (instance.incarnation > 0 && latest?.kind === instance.spec.kind) instance.spec = latest;
    const { spec } = instance;
    if (!place(this.#world, instance, (agent) => rejection(this.#world, spec, agent) === undefined)) {
      this.step(instance, nextOffersMs, () => this.#offer(instance));
      return;
    }
    this.#setCondition(instance, traits.incarnations ? 'Provisioned' : 'Created');
    this.#publishChange(instance);
    this.changed(instance.spec.id);
    this.step(instance, timings.startingMs, () => {
      this.enter(instance, 'Starting', 'TASK_STARTING');
      this.step(instance, timings.runningMs, () => void this.#start(instance));
    });
  }

  async #start(instance: Instance): Promise<void> {
    const { epoch, tasks } = instance;
    const started = await Promise.allSettled(tasks.map((task) => startSample(this.#world, instance, task)));
    const failure = started.find((result) => result.status === 'rejected');
    for (const [index, result] of started.entries()) {
      const task = tasks[index];
      if (result.status === 'rejected' || !task) continue;
      if (instance.epoch === epoch) task.sample = result.value;
      else result.value.destroy();
    }
    if (instance.epoch !== epoch) return;
    if (failure) {
      this.fail(instance, String(failure.reason));
      return;
    }
    this.markRunning(instance);
    this.enter(instance, 'Running', 'TASK_RUNNING');
    this.hooks.running(instance);
  }

  /** The facts of a running task, without an event. */
  markRunning(instance: Instance): void {
    for (const task of instance.tasks) {
      task.startedAt = timestamp();
      task.ipAddresses = instance.address === undefined ? [] : [instance.address];
    }
  }

  async #kill(instance: Instance): Promise<void> {
    const { taskKilling, timings, timers, registry } = this.#world;
    const isDead = instance.agent === undefined || isOver(instance);
    // Nothing to kill, and it is about to be launched anyway.
    if (isDead && instance.goal === 'Running') return;
    const epoch = ++instance.epoch;
    if (isDead) {
      this.#setCondition(instance, 'Killed');
      this.expunge(instance);
      this.#publishChange(instance);
      return;
    }
    if (taskKilling) this.enter(instance, 'Killing', 'TASK_KILLING');
    await Promise.all(
      instance.tasks.map(({ sample, container }) => {
        const graceMs = container.sample.stopMs ?? instance.spec.killGraceMs ?? timings.killMs;
        return sample
          ? sample.stop(graceMs, timings.drainMs)
          : timers.wait(Math.min(graceMs, timings.killMs));
      }),
    );
    if (instance.epoch === epoch && registry.holds(instance)) this.end(instance, 'Killed', 'TASK_KILLED');
  }

  #relaunch(instance: Instance): void {
    const { timings, traits, registry } = this.#world;
    const { backoffMs, backoffFactor, maxLaunchDelayMs } = instance.spec;
    const backoff = backoffMs * backoffFactor ** Math.max(0, instance.failures - 1);
    // [marathon] A killed task comes back at once, a failed one after the backoff.
    const delayMs =
      instance.condition === 'Failed' ? Math.min(backoff, maxLaunchDelayMs) * timings.backoffScale : 0;
    if (traits.incarnations) this.step(instance, delayMs + timings.offerMs, () => this.#offer(instance));
    else this.schedule(registry.specs.get(instance.spec.id) ?? instance.spec, delayMs, instance.failures);
  }

  #setCondition(instance: Instance, condition: Condition): void {
    instance.condition = condition;
    instance.since = timestamp();
  }

  #publishChange(instance: Instance): void {
    this.#world.bus.publish(events.instanceChanged(instance));
  }
}

function isOver(instance: Instance): boolean {
  return ['Killed', 'Failed', 'Finished', 'UnreachableInactive'].includes(instance.condition);
}

function usesMesosChecks(instance: Instance): boolean {
  return instance.spec.containers.some(({ checks }) => checks.some(({ mesos }) => mesos));
}
