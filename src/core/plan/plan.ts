/** The difference between what HAProxy runs and what is desired, and the cheapest action that removes it. */
import type { Desired } from '../desired/desired.ts';
import { byCodePoint, type BackendName } from '../model/ids.ts';
import type { Routes } from '../routing/routes.ts';
import type { ServerStep } from './server-step.ts';

/** All possible reasons for a reload, with their texts. */
export const reloadReasons = {
  'haproxy-differs': 'HAProxy runs another configuration than Pacer last gave it',
  'runtime-impossible': 'HAProxy cannot do it at runtime, or did not do what it was told',
  'service-added': 'a service was added',
  'service-removed': 'a service was removed',
  'service-changed': "a service's definition changed",
  'routes-changed': 'a host, path or app id leads elsewhere',
  requested: 'somebody asked for a reload',
  'skeleton-changed': 'settings, certificates or templates changed',
} as const;

/** The code of a reason, also used in metrics. */
export type ReloadReasonCode = keyof typeof reloadReasons;

/** Why a reload is needed. */
export interface ReloadReason {
  readonly code: ReloadReasonCode;
  /** The backends it is about, sorted; empty if it is about everything. */
  readonly backends: readonly BackendName[];
  /** Details, for example which attribute cannot be set on which version. */
  readonly detail?: string;
}

/** What a change does to HAProxy. */
export type Plan =
  | { readonly kind: 'none' }
  /** Without a reload: servers are added, removed or change their admin state; routes and certificates change. */
  | {
      readonly kind: 'runtime';
      readonly backends: readonly BackendName[];
      readonly added: number;
      readonly removed: number;
      readonly stateChanged: number;
      /** Maps and certificates that were changed; `backends` if some were added or removed. */
      readonly files: readonly string[];
    }
  | { readonly kind: 'reload'; readonly reasons: readonly ReloadReason[] };

/** What the reasons are derived from. */
export interface ReloadInput {
  /** The state that this daemon last brought HAProxy to; undefined after a start. */
  readonly applied: Desired | undefined;
  readonly desired: Desired;
  /** True if HAProxy runs the skeleton (everything except servers) that this daemon last gave it. */
  readonly runsApplied: boolean;
}

/** Why HAProxy must read its configuration again, given that its skeleton is not the desired one. */
export function reloadPlan({ applied, desired, runsApplied }: ReloadInput): Plan {
  if (applied === undefined || !runsApplied) {
    return { kind: 'reload', reasons: [{ code: 'haproxy-differs', backends: [] }] };
  }
  const reasons = difference(applied, desired);
  return {
    kind: 'reload',
    reasons: reasons.length > 0 ? reasons : [{ code: 'skeleton-changed', backends: [] }],
  };
}

/** A reload that was requested, whatever differs. */
export const requestedReload = (cause: string): Plan => ({
  kind: 'reload',
  reasons: [{ code: 'requested', backends: [], detail: cause }],
});

/** What was done at runtime, counted. */
export function runtimePlan(steps: readonly ServerStep[], files: readonly string[] = []): Plan {
  if (steps.length === 0 && files.length === 0) return { kind: 'none' };
  const count = (kind: ServerStep['kind']) => steps.filter((step) => step.kind === kind).length;
  return {
    kind: 'runtime',
    backends: [...new Set(steps.map(({ backend }) => backend))].sort(byCodePoint),
    added: count('add'),
    removed: count('remove'),
    stateChanged: count('admit'),
    files,
  };
}

/** Why the skeletons of two states differ; empty if their services and routes are the same, whatever their servers. */
export function difference(before: Desired, after: Desired): ReloadReason[] {
  const found = new Map<ReloadReasonCode, BackendName[]>();
  const add = (code: ReloadReasonCode, backend: BackendName) =>
    found.set(code, [...(found.get(code) ?? []), backend]);
  for (const [backend, service] of after.services) {
    const old = before.services.get(backend);
    if (old === undefined) add('service-added', backend);
    else if (old.definition !== service.definition) add('service-changed', backend);
  }
  for (const backend of before.services.keys())
    if (!after.services.has(backend)) add('service-removed', backend);
  const reasons = [...found].map(([code, backends]): ReloadReason => ({ code, backends: backends.sort() }));
  const moved = reasons.length === 0 && routesDiffer(before.routes, after.routes);
  return moved ? [{ code: 'routes-changed', backends: [] }] : reasons;
}

const routesDiffer = (a: Routes, b: Routes): boolean => a !== b && JSON.stringify(a) !== JSON.stringify(b);

/** One line for logs: `service-added: team_web_10001 (+2 more)`. */
export function describeReason({ code, backends, detail }: ReloadReason): string {
  if (detail !== undefined) return `${code}: ${detail}`;
  const [first, ...rest] = backends;
  if (first === undefined) return code;
  return rest.length === 0 ? `${code}: ${first}` : `${code}: ${first} (+${rest.length} more)`;
}
