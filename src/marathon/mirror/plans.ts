/**
 * Deployment plans and the moments at which their definitions become visible. Between `deployment_info` and
 * `group_change_success` a GET still shows the old definitions, so the ids that a plan names wait for it.
 * Time is given, never taken. It must not know how apps are fetched.
 * [marathon] core/group/impl/GroupManagerImpl.scala updateRootEither: deploy first, then root := target
 */
import type { AppId } from '../../core/model/ids.ts';
import type { Deployment, GroupChanged } from '../decode/event-types.ts';

interface Plan {
  readonly apps: Set<AppId>;
  readonly since: number;
  /** A deployment event has named the apps. */
  known: boolean;
  /** The definitions are visible. */
  switched: boolean;
  ended: boolean;
  /** The group to fetch if no deployment event tells its apps in time. */
  group: string | undefined;
}

export interface Wishes {
  readonly apps: readonly AppId[];
  readonly groups: readonly string[];
}

const noWishes: Wishes = { apps: [], groups: [] };
const groupPatienceMs = 250;
/** The event of a change and that of its plan are told at once, in either order. */
const unnamedMs = 1_000;
const switchPatienceMs = 30_000;
const forgetMs = 600_000;

export class Plans {
  /** By the plan's version: the same instant in deployment and group events. */
  readonly #plans = new Map<number, Plan>();
  /** When a plan's definitions became visible last. */
  #switchedAt = -Infinity;
  #unnamedSince: number | undefined;

  deployment({ version, apps, phase, type }: Deployment, now: number): Wishes {
    const plan = this.#plan(version, now);
    plan.known = true;
    const fresh = apps.filter((id) => !plan.apps.has(id));
    for (const id of fresh) plan.apps.add(id);
    const waited = plan.group !== undefined;
    plan.group = undefined;
    if (phase === 'end') {
      plan.ended = true;
      if (plan.switched || type === 'deployment_failed') this.#plans.delete(version);
      return { apps, groups: [] };
    }
    if (!plan.switched) return noWishes;
    return { apps: waited ? [...plan.apps] : fresh, groups: [] };
  }

  groupChanged({ version, groupId }: GroupChanged, now: number): Wishes {
    const plan = this.#plan(version, now);
    plan.switched = true;
    this.#switchedAt = now;
    this.#unnamedSince = undefined;
    if (plan.ended) this.#plans.delete(version);
    if (plan.known) return { apps: [...plan.apps], groups: [] };
    plan.group = groupId;
    return noWishes;
  }

  /** Something has changed and nobody says what: one of the plans around it does, or everything has to be fetched. */
  unnamed(now: number): Wishes {
    if (now - this.#switchedAt > unnamedMs) this.#unnamedSince ??= now;
    return noWishes;
  }

  /** What has waited long enough. */
  overdue(now: number): Wishes {
    const apps: AppId[] = [];
    const groups: string[] = [];
    if (this.#unnamedSince !== undefined && this.#unnamedSince + unnamedMs <= now) {
      this.#unnamedSince = undefined;
      groups.push('/');
    }
    for (const [version, plan] of this.#plans) {
      if (dueAt(plan) > now) continue;
      if (plan.group !== undefined) {
        groups.push(plan.group);
        plan.group = undefined;
      } else if (!plan.switched) {
        apps.push(...plan.apps);
        plan.switched = true;
      } else {
        this.#plans.delete(version);
      }
    }
    return { apps, groups };
  }

  /** When `overdue` has something to say next. */
  get dueAt(): number | undefined {
    const times = [...this.#plans.values()].map(dueAt);
    if (this.#unnamedSince !== undefined) times.push(this.#unnamedSince + unnamedMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  clear(): void {
    this.#plans.clear();
    this.#unnamedSince = undefined;
  }

  #plan(version: number, now: number): Plan {
    const known = this.#plans.get(version);
    if (known !== undefined) return known;
    const plan: Plan = {
      apps: new Set(),
      since: now,
      known: false,
      switched: false,
      ended: false,
      group: undefined,
    };
    this.#plans.set(version, plan);
    return plan;
  }
}

function dueAt(plan: Plan): number {
  if (plan.group !== undefined) return plan.since + groupPatienceMs;
  if (!plan.switched) return plan.since + switchPatienceMs;
  return plan.since + (plan.ended ? switchPatienceMs : forgetMs);
}
