/**
 * Tasks that Marathon no longer lists, but that stay in service. When another task takes the address of such a task, it
 * is released: traffic must not reach a stranger. Why tasks are withheld is decided elsewhere.
 */
import { byCodePoint, type AppId, type TaskId } from '../../core/model/ids.ts';
import type { App, Task } from '../../core/model/model.ts';
import { keepSame } from '../../core/collections/same.ts';

type Serving = (app: App | undefined) => readonly Task[];

/** The withheld tasks of one cluster. */
export class WithheldTasks {
  readonly #serving: Serving;
  /** Address → the task that has it according to Marathon; and the app whose withheld task had it before. */
  readonly #owners = new Map<string, TaskId>();
  readonly #heldAt = new Map<string, AppId>();
  /** Apps that are passed on differently from what Marathon says. */
  readonly apps = new Set<AppId>();

  constructor(mirror: ReadonlyMap<AppId, App>, serving: Serving) {
    this.#serving = serving;
    for (const app of mirror.values()) this.#own(app);
  }

  /** Records a change of the mirror. @returns apps whose withheld tasks have lost their address by it */
  follow(before: App | undefined, after: App | undefined): AppId[] {
    for (const task of before?.tasks ?? [])
      for (const place of placesOf(task)) if (this.#owners.get(place) === task.id) this.#owners.delete(place);
    return this.#own(after);
  }

  /** The app as Marathon has it, plus the tasks that serve in `ours` and would be removed without announcement. */
  compose(ours: App | undefined, theirs: App | undefined): App | undefined {
    if (ours === undefined) return theirs;
    const still = new Set(this.#serving(theirs).map(({ id }) => id));
    const kept = this.#serving(ours).filter(
      (task) => !still.has(task.id) && !task.leaving && this.#isFree(task),
    );
    if (kept.length === 0) {
      this.apps.delete(ours.id);
      return theirs;
    }
    this.apps.add(ours.id);
    for (const task of kept) for (const place of placesOf(task)) this.#heldAt.set(place, ours.id);
    const ids = new Set(kept.map(({ id }) => id));
    const tasks = [...(theirs?.tasks ?? []).filter(({ id }) => !ids.has(id)), ...kept];
    return keepSame(ours, { ...(theirs ?? ours), tasks: tasks.sort((a, b) => byCodePoint(a.id, b.id)) });
  }

  #isFree(task: Task): boolean {
    return placesOf(task).every((place) => (this.#owners.get(place) ?? task.id) === task.id);
  }

  #own(app: App | undefined): AppId[] {
    const ousted: AppId[] = [];
    for (const task of app?.tasks ?? []) {
      for (const place of placesOf(task)) {
        this.#owners.set(place, task.id);
        const held = this.#heldAt.get(place);
        if (held !== undefined) ousted.push(held);
      }
    }
    return ousted;
  }
}

/** Where traffic for a task goes: to ports of its agent, or to addresses of its own. */
function placesOf({ host, ports, ipAddresses }: Task): string[] {
  return ports.length > 0 ? ports.map((port) => `${host}:${port}`) : [...ipAddresses];
}
