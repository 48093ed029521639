/**
 * Asks again for apps that change without an event: when a new task becomes ready, and when Mesos gives up a task that
 * it cannot reach. How apps are fetched is decided elsewhere.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App, Task } from '../../core/model/model.ts';

/** How often, and who is told. */
export interface RecheckOptions {
  readonly readinessMs: number;
  readonly unreachableMs: number;
  readonly onDue: (apps: readonly AppId[]) => void;
}

type Why = 'readiness' | 'unreachable';

/** Keeps timers for the apps that must be asked for again. */
export class Recheck {
  readonly #options: RecheckOptions;
  readonly #apps: Record<Why, Set<AppId>> = { readiness: new Set(), unreachable: new Set() };
  readonly #timers = new Map<Why, NodeJS.Timeout>();

  constructor(options: RecheckOptions) {
    this.#options = options;
  }

  /** Call with the app's present state; undefined if it is gone. */
  note(id: AppId, app: App | undefined): void {
    this.#keep('readiness', id, app?.tasks.some(({ awaitsReadiness }) => awaitsReadiness) ?? false);
    this.#keep('unreachable', id, app?.tasks.some(isOutOfSight) ?? false);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #keep(why: Why, id: AppId, wanted: boolean): void {
    const apps = this.#apps[why];
    if (!wanted) apps.delete(id);
    else apps.add(id);
    if (wanted && !this.#timers.has(why)) this.#plan(why);
  }

  #plan(why: Why): void {
    const { readinessMs, unreachableMs, onDue } = this.#options;
    const apps = this.#apps[why];
    const ms = why === 'readiness' ? readinessMs : unreachableMs;
    const look = () => {
      this.#timers.delete(why);
      if (apps.size === 0) return;
      onDue([...apps]);
      this.#plan(why);
    };
    this.#timers.set(why, setTimeout(look, ms));
  }
}

const isOutOfSight = ({ state }: Task): boolean => state === 'TASK_UNREACHABLE' || state === 'TASK_LOST';
