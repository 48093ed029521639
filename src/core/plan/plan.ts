/** The difference between what HAProxy runs and what is desired, and the cheapest action that removes it. */
import type { Desired } from '../desired/desired.ts';
import { byCodePoint, type BackendName } from '../model/ids.ts';
import type { Routes } from '../routing/routes.ts';
import type { ServerStep } from './server-step.ts';

/** The closed set of reasons for a reload. */
export const reloadReasons = {
  'haproxy-differs': 'HAProxy runs another configuration than Pacer last gave it',
  'runtime-impossible': 'HAProxy cannot do it at runtime, or did not do what it was told',
  'service-added': 'a service came',
  'service-removed': 'a service went',
  'service-changed': "a service's definition changed",
  'routes-changed': 'a host, path or app id leads elsewhere',
  requested: 'somebody asked for a reload',
  'skeleton-changed': 'settings, certificates or templates changed',
} as const;

export type ReloadReasonCode = keyof typeof reloadReasons;

export interface ReloadReason {
  readonly code: ReloadReasonCode;
  /** The backends it is about, sorted; empty where it is about everything. */
  readonly backends: readonly BackendName[];
  /** More about it, e.g. which attribute cannot be set on which version. */
  readonly detail?: string;
}

export type Plan =
  | { readonly kind: 'none' }
  /** Servers come, go or change admin, routes and certificates change, while HAProxy runs on. */
  | {
      readonly kind: 'runtime';
      readonly backends: readonly BackendName[];
      readonly added: number;
      readonly removed: number;
      readonly stateChanged: number;
      /** Maps and certificates that were changed; `backends` where some came or went. */
      readonly files: readonly string[];
    }
  | { readonly kind: 'reload'; readonly reasons: readonly ReloadReason[] };

export interface ReloadInput {
  /** The state that HAProxy was last brought to by this daemon; undefined after a start. */
  readonly applied: Desired | undefined;
  readonly desired: Desired;
  /** True where HAProxy runs the frame (everything but servers) that this daemon last gave it. */
  readonly runsApplied: boolean;
}

/** Why HAProxy must read its configuration anew, where what it runs has another frame than what is desired. */
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

/** A reload that was asked for, whatever differs. */
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

/** Why the frames of two states differ; empty where their services and routes are the same, whatever their servers. */
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
