/**
 * Blue/green deploys: two apps of one deployment group are one service. The older app gives labels and ports;
 * for each healthy task of the newer one a task of the older is drained, so that a deploy tool that watches
 * HAProxy's statistics can end it.
 */
import type { Diagnostic } from '../model/diagnostic.ts';
import { byCodePoint, type AppId, type TaskId } from '../model/ids.ts';
import type { AppLabelValues } from '../labels/table.ts';
import type { App } from '../model/model.ts';

/** What the labels of one app say of its deployment group. */
export interface Deployment {
  /** The id the group's service goes by. */
  readonly group: AppId;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The tool says how many tasks the newer app is to have: some of both may stay, and either may replace the other. */
  readonly isHybrid: boolean;
  /** How many tasks of both apps are to stay; undefined = as many as the older app has. */
  readonly targetInstances: number | undefined;
}

export function deploymentOf(labels: AppLabelValues): Deployment | undefined {
  if (labels.DEPLOYMENT_GROUP === undefined) return undefined;
  return {
    group: labels.DEPLOYMENT_GROUP,
    startedAt: labels.DEPLOYMENT_STARTED_AT ?? -Infinity,
    isHybrid: labels.DEPLOYMENT_NEW_INSTANCES !== undefined,
    targetInstances: labels.DEPLOYMENT_TARGET_INSTANCES,
  };
}

export interface Member {
  readonly app: App;
  readonly deployment: Deployment;
}

/** Oldest first; who says nothing of when it started is the oldest. */
export function byAge(a: Member, b: Member): number {
  const difference = a.deployment.startedAt - b.deployment.startedAt;
  // Both may be -Infinity.
  return Number.isNaN(difference) || difference === 0 ? byCodePoint(a.app.id, b.app.id) : difference;
}

/** Which app of a group gives way to which. */
export interface Sides<T extends Member> {
  /** Its labels and ports count, and its tasks are drained. */
  readonly old: T;
  readonly fresh: T;
  /** As many tasks stay as the tool's target says; else all of the old app but one may be drained. */
  readonly isHybrid: boolean;
}

/**
 * The app that started first is the old one. In a hybrid deploy the tool decides by scaling: the app that it scaled
 * last is the one that stays, so that it can go back to the earlier version.
 */
export function sidesOf<T extends Member>(first: T, second: T): Sides<T> {
  const { isHybrid } = second.deployment;
  const goesBack = isHybrid && (first.app.scaledAt ?? NaN) > (second.app.scaledAt ?? NaN);
  return goesBack ? { old: second, fresh: first, isHybrid } : { old: first, fresh: second, isHybrid };
}

/** How a task fares in the group. */
export type Standing = 'serving' | 'leaving' | 'out';

/**
 * The tasks of the old app that are drained. Those that are leaving already count as drained, and tasks that
 * are gone do not count as instances: what Marathon says of instances may be older than what it says of tasks.
 */
export function drainedTasks(
  { old, fresh, isHybrid }: Sides<Member>,
  standingOf: (taskId: TaskId) => Standing,
): Set<TaskId> {
  const healthy = fresh.app.tasks.filter(({ id }) => standingOf(id) === 'serving').length;
  const instances = Math.min(old.app.instances, old.app.tasks.length);
  const target = fresh.deployment.targetInstances ?? old.deployment.targetInstances ?? old.app.instances;
  const spare = Math.max(0, healthy + instances - (isHybrid ? target : 1));
  const candidates = old.app.tasks
    .map(({ id }) => ({ id, standing: standingOf(id) }))
    .filter(({ standing }) => standing !== 'out')
    .sort(
      (a, b) =>
        Number(b.standing === 'leaving') - Number(a.standing === 'leaving') || byCodePoint(a.id, b.id),
    )
    .slice(0, Math.min(healthy, spare));
  return new Set(candidates.filter(({ standing }) => standing === 'serving').map(({ id }) => id));
}

export function crowded(member: Member, pair: readonly Member[]): Diagnostic {
  const names = pair.map(({ app }) => app.id).join(' and ');
  return {
    code: 'GROUP_CROWDED',
    severity: 'error',
    appId: member.app.id,
    label: 'HAPROXY_DEPLOYMENT_GROUP',
    reason: `the deployment group ${member.deployment.group} has two apps already, ${names}`,
    remedy: 'remove one of them, or give this app a group of its own',
  };
}
