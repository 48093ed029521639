/** Counts the tasks of an app that serve: roughly, cheaply, and without deriving services. */
import { servable, type HealthPolicy } from './health.ts';
import type { App, Task } from '../model/model.ts';

/** What counts as serving. */
export interface ServingContext {
  readonly groups: readonly string[];
  readonly health: HealthPolicy;
}

/** The tasks that may have traffic; none for an app that this load balancer does not expose. */
export function servingTasks(app: App | undefined, { groups, health }: ServingContext): readonly Task[] {
  if (app === undefined || app.tasks.length === 0 || !isExposed(app, groups)) return [];
  return app.tasks.filter((task) => servable(app, task, health).kind !== 'out');
}

function isExposed({ labels }: App, groups: readonly string[]): boolean {
  if (groups.includes('*')) return true;
  return Object.entries(labels).some(
    ([name, value]) =>
      /^HAPROXY_(?:\d+_)?GROUP$/.test(name) &&
      value.split(',').some((group) => groups.includes(group.trim())),
  );
}
