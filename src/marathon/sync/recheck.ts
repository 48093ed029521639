/**
 * Asks again for apps of which something changes without an event: whether a new task is ready, and when a task
 * that Mesos has lost sight of is given up. It must not know how apps are fetched.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App, Task } from '../../core/model/model.ts';

export interface RecheckOptions {
  readonly readinessMs: number;
  readonly unreachableMs: number;
  readonly onDue: (apps: readonly AppId[]) => void;
}

type Why = 'readiness' | 'unreachable';

export class Recheck {
  readonly #options: RecheckOptions;
  readonly #apps: Record<Why, Set<AppId>> = { readiness: new Set(), unreachable: new Set() };
  readonly #timers = new Map<Why, NodeJS.Timeout>();

  constructor(options: RecheckOptions) {
    this.#options = options;
  }

  /** The app is this now; undefined: gone. */
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
