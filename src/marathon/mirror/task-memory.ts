/**
 * What the events have said of each task, and which tasks are over: the guards against late answers, repeated
 * and overtaken events. Time and order are given. It must not know apps.
 */
import { instanceIdOf, type InstanceId, type TaskId } from '../../core/model/ids.ts';
import type { TaskState } from '../../core/model/model.ts';

interface Told {
  /** The number of the last event that touched the task. */
  order: number;
  /** The number of the last one that told its state. */
  stateOrder: number;
  /** The number of the last one that told its health, or that it runs anew. */
  healthOrder: number;
  statusAt: number | undefined;
  state: TaskState | undefined;
  healthAt: number | undefined;
  /** When Marathon was seen to have decided to end the task. */
  leavingSince: number | undefined;
}

const tombstoneMs = 600_000;
/** After this long a task that still runs was not leaving after all. */
const hintMs = 300_000;

export class TaskMemory {
  readonly #told = new Map<TaskId, Told>();
  /** A change of state was told whose `instance_changed_event` has not come yet. */
  readonly #expected = new Set<InstanceId>();
  /** The time of the event that ended the task, and the time by our clock when it may be forgotten. */
  readonly #ended = new Set<InstanceId>();
  readonly #tombstones = new Map<TaskId, { at: number | undefined; until: number }>();

  /** Notes a status; false where it is older than what is known, or the task is over. */
  acceptStatus(id: TaskId, state: TaskState, at: number | undefined, order: number): boolean {
    const tombstone = this.#tombstones.get(id);
    // Up to 1.4 a resident task is launched again under its old id: only a later word may wake the dead.
    if (tombstone !== undefined && !isLater(at, tombstone.at)) return false;
    const told = this.#of(id, order);
    if (isLater(told.statusAt, at)) return false;
    if (tombstone !== undefined) told.healthOrder = order;
    this.#tombstones.delete(id);
    this.#ended.delete(instanceIdOf(id));
    if (told.state !== state) this.#expected.add(instanceIdOf(id));
    told.state = state;
    told.statusAt = at ?? told.statusAt;
    told.stateOrder = order;
    told.order = order;
    return true;
  }

  acceptHealth(id: TaskId, at: number | undefined, order: number): boolean {
    const told = this.#of(id, order);
    if (isLater(told.healthAt, at)) return false;
    told.healthAt = at ?? told.healthAt;
    told.healthOrder = order;
    told.order = order;
    return true;
  }

  /** False where a status has told something later. `tellsState`: the condition says the state of the task. */
  acceptCondition(id: TaskId, at: number | undefined, order: number, tellsState: boolean): boolean {
    const told = this.#of(id, order);
    if (isLater(told.statusAt, at)) return false;
    if (tellsState) told.stateOrder = order;
    told.order = order;
    return true;
  }

  /** True where a change of state has been told that an `instance_changed_event` may be about. */
  takeExpectedChange(id: InstanceId): boolean {
    return this.#expected.delete(id);
  }

  leaving(id: TaskId, order: number, now: number): void {
    const told = this.#of(id, order);
    told.order = order;
    told.leavingSince ??= now;
  }

  isLeaving(id: TaskId, now: number): boolean {
    const since = this.#told.get(id)?.leavingSince;
    return since !== undefined && now - since < hintMs;
  }

  bury(id: TaskId, at: number | undefined, now: number): void {
    this.#told.delete(id);
    this.#expected.delete(instanceIdOf(id));
    this.#tombstones.set(id, { at, until: now + tombstoneMs });
    this.#ended.add(instanceIdOf(id));
  }

  /** The last that was told of it is its end. */
  hasEnded(id: InstanceId): boolean {
    return this.#ended.has(id);
  }

  isDead(id: TaskId): boolean {
    return this.#tombstones.has(id);
  }

  /** The number of the last event that touched the task; 0 where none did. */
  order(id: TaskId): number {
    return this.#told.get(id)?.order ?? 0;
  }

  /** The number of the last event that told its state; 0 where none did. */
  stateOrder(id: TaskId): number {
    return this.#told.get(id)?.stateOrder ?? 0;
  }

  /** The number of the last event that told its health; 0 where none did. */
  healthOrder(id: TaskId): number {
    return this.#told.get(id)?.healthOrder ?? 0;
  }

  prune(existing: () => ReadonlySet<TaskId>, now: number): void {
    const exists = this.#told.size === 0 ? undefined : existing();
    for (const id of this.#told.keys()) if (exists?.has(id) !== true) this.#told.delete(id);
    for (const [id, { until }] of this.#tombstones) {
      if (until > now) continue;
      this.#tombstones.delete(id);
      this.#ended.delete(instanceIdOf(id));
    }
  }

  /** A new stream, perhaps from a new leader with a clock of its own: its times compare with none before. */
  newStream(): void {
    this.#tombstones.clear();
    this.#ended.clear();
    this.#expected.clear();
    for (const told of this.#told.values()) {
      told.statusAt = undefined;
      told.healthAt = undefined;
      told.state = undefined;
    }
  }

  #of(id: TaskId, order: number): Told {
    let told = this.#told.get(id);
    if (told === undefined) {
      told = {
        order,
        stateOrder: 0,
        healthOrder: 0,
        statusAt: undefined,
        state: undefined,
        healthAt: undefined,
        leavingSince: undefined,
      };
      this.#told.set(id, told);
    }
    return told;
  }
}

function isLater(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && a > b;
}
