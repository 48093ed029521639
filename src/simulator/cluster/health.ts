/** Health checks of running tasks, those that Marathon performs and those that the executor performs. */
import { timestamp } from './clock.ts';
import * as events from '../faults/events.ts';
import type { CheckResult, Instance, TaskRecord } from './instance.ts';
import { endpointOf } from './launch.ts';
import type { Life } from './life.ts';
import { probe, type Verdict } from './probe.ts';
import { hasChecks, type HealthCheckSpec } from '../definitions/spec.ts';
import type { Cancel } from './timers.ts';
import type { World } from './world.ts';

/** [marathon] The first check does not wait for a long interval. */
const longestFirstWaitMs = 5000;

interface Checked {
  readonly instance: Instance;
  readonly task: TaskRecord;
  readonly check: HealthCheckSpec;
  readonly index: number;
}

export class HealthChecks {
  readonly #world: World;
  readonly #life: Life;
  readonly #timers = new Map<Instance, Cancel[]>();

  constructor(world: World, life: Life) {
    this.#world = world;
    this.#life = life;
    life.hooks = { running: (instance) => this.start(instance), ended: (instance) => this.stop(instance) };
  }

  start(instance: Instance, afterFailover = false): void {
    this.stop(instance);
    if (!hasChecks(instance.spec)) return;
    const cancels = checksOf(instance).map((checked) => this.#begin(checked, afterFailover));
    this.#timers.set(instance, cancels);
  }

  stop(instance: Instance): void {
    for (const cancel of this.#timers.get(instance) ?? []) cancel();
    this.#timers.delete(instance);
  }

  /** A new leader knows no results; the checks start again. */
  forget(): void {
    for (const instance of this.#world.registry.allInstances()) {
      if (!hasChecks(instance.spec)) continue;
      for (const task of instance.tasks) task.results = [];
      instance.healthy = undefined;
      this.#world.registry.touch(instance.spec.id);
      if (instance.condition === 'Running') this.start(instance, true);
    }
  }

  /** The answer of the sample task has been switched: where checks believe the switch, it counts at once. */
  switched(instance: Instance, task: TaskRecord): void {
    if (this.#world.checks === 'real') return;
    for (const checked of checksOf(instance)) {
      if (checked.task === task)
        this.#record(checked, task.healthy ? undefined : '500 Internal Server Error');
    }
  }

  #begin(checked: Checked, afterFailover: boolean): Cancel {
    const { timers, timings, checks } = this.#world;
    const { check } = checked;
    const interval = Math.max(10, check.intervalMs);
    const wait = Math.min(interval, longestFirstWaitMs * timings.healthScale);
    if (checks === 'switch') {
      // Nothing is asked, so there is nothing to wait for, save that a new leader knows nothing for a while.
      return timers.after(afterFailover ? wait : 1, () => this.switched(checked.instance, checked.task));
    }
    const first = check.mesos ? check.delayMs : wait;
    let cancel: Cancel = () => undefined;
    const run = (): void => {
      cancel = timers.after(interval, run);
      void this.#perform(checked);
    };
    cancel = timers.after(first, run);
    return () => cancel();
  }

  async #perform(checked: Checked): Promise<void> {
    const { instance, task } = checked;
    if (instance.condition !== 'Running') return;
    const { epoch } = instance;
    const verdict = await this.#ask(checked);
    const isCurrent = instance.epoch === epoch && instance.tasks.includes(task);
    if (isCurrent && this.#timers.has(instance)) this.#record(checked, verdict);
  }

  #ask({ instance, task, check }: Checked): Promise<Verdict> {
    if (check.kind === 'command') return Promise.resolve(task.healthy ? undefined : 'Command returned 1');
    const endpoint = endpointOf(instance, task, check.portIndex);
    const host = instance.spec.networkMode === 'container' ? instance.address : instance.agent?.host;
    const target =
      check.port !== undefined && host !== undefined ? { address: host, port: check.port } : endpoint;
    return target ? probe(check, target) : Promise.resolve('The task has no such port');
  }

  #record(checked: Checked, verdict: Verdict): void {
    const { instance, task, check, index } = checked;
    const { bus, registry } = this.#world;
    const before = task.results[index];
    if (verdict !== undefined) {
      if (inGrace(checked, before)) return;
      bus.publish(events.failedHealthCheck(instance, check, this.#world.traits.oldNetworks));
    }
    const after = resultAfter(instance, before, verdict);
    task.results[index] = after;
    registry.touch(instance.spec.id);
    const flips = (before?.alive ?? false) !== after.alive;
    if (check.mesos && (flips || before === undefined)) this.#publishMesos(checked, flips, after.alive);
    else {
      if (flips) bus.publish(events.healthStatusChanged(instance, after.alive));
      this.#aggregate(instance);
    }
    if (after.alive) instance.failures = 0;
    this.#life.changed(instance.spec.id);
    if (verdict !== undefined) this.#killAtLimit(checked, before, verdict);
  }

  /** [marathon] The executor reports health in a status update; the condition stays what it is. */
  #publishMesos({ instance, task }: Checked, flips: boolean, alive: boolean): void {
    this.#world.bus.publish(events.statusUpdate(instance, task));
    this.#aggregate(instance);
    if (flips) this.#world.bus.publish(events.healthStatusChanged(instance, alive));
  }

  #aggregate(instance: Instance): void {
    const results = checksOf(instance).map(({ task, index }) => task.results[index]?.alive);
    const healthy = results.includes(false) ? false : results.includes(undefined) ? undefined : true;
    if (healthy === instance.healthy) return;
    instance.healthy = healthy;
    this.#world.bus.publish(events.instanceHealthChanged(instance));
  }

  /** [marathon] Judged by the count before this failure; 0 means never. */
  #killAtLimit({ instance, task, check }: Checked, before: CheckResult | undefined, verdict: string): void {
    const { maxConsecutiveFailures } = check;
    if (maxConsecutiveFailures <= 0 || (before?.consecutiveFailures ?? 0) < maxConsecutiveFailures) return;
    this.stop(instance);
    if (!check.mesos) this.#world.bus.publish(events.unhealthyKill(instance, task, verdict));
    void this.#life.kill(instance, false);
  }
}

function checksOf(instance: Instance): readonly Checked[] {
  return instance.tasks.flatMap((task) =>
    task.container.checks.map((check, index) => ({ instance, task, check, index })),
  );
}

/** [marathon] Failures before the first success do not count while the grace period lasts. */
function inGrace({ task, check }: Checked, before: CheckResult | undefined): boolean {
  const startedAt = task.startedAt === undefined ? Date.now() : Date.parse(task.startedAt);
  return before?.firstSuccess === undefined && Date.now() < startedAt + check.graceMs;
}

function resultAfter(instance: Instance, before: CheckResult | undefined, verdict: Verdict): CheckResult {
  const now = timestamp();
  const base: CheckResult = before ?? { alive: false, consecutiveFailures: 0, instanceId: instance.id };
  if (verdict === undefined) {
    return {
      ...base,
      alive: true,
      consecutiveFailures: 0,
      firstSuccess: base.firstSuccess ?? now,
      lastSuccess: now,
    };
  }
  return {
    ...base,
    alive: false,
    consecutiveFailures: base.consecutiveFailures + 1,
    lastFailure: now,
    lastFailureCause: verdict,
  };
}
