/** The difference between what HAProxy runs and what is desired, and the cheapest action that removes it. */
import type { Desired } from './desired.ts';
import type { BackendName } from './ids.ts';
import type { Routes } from './routes.ts';

/** The closed set of reasons for a reload. */
export const reloadReasons = {
  'haproxy-differs': 'HAProxy runs another configuration than Pacer last gave it',
  'service-added': 'a service came',
  'service-removed': 'a service went',
  'service-changed': "a service's definition changed",
  'servers-changed': "a service's servers changed",
  'routes-changed': 'a host, path or app id leads elsewhere',
  'frame-changed': 'settings, certificates or templates changed',
} as const;

export type ReloadReasonCode = keyof typeof reloadReasons;

export interface ReloadReason {
  readonly code: ReloadReasonCode;
  /** The backends it is about, sorted; empty where it is about everything. */
  readonly backends: readonly BackendName[];
}

export type Plan =
  { readonly kind: 'none' } | { readonly kind: 'reload'; readonly reasons: readonly ReloadReason[] };

export interface PlanInput {
  /** The state that HAProxy was last brought to by this daemon; undefined after a start. */
  readonly applied: Desired | undefined;
  readonly desired: Desired;
  /** Read back from HAProxy; undefined where it runs nothing of ours. */
  readonly runningHash: string | undefined;
  readonly appliedHash: string | undefined;
  readonly desiredHash: string;
}

export function planChange(input: PlanInput): Plan {
  const { applied, desired, runningHash, appliedHash, desiredHash } = input;
  if (runningHash === desiredHash) return { kind: 'none' };
  if (applied === undefined || runningHash !== appliedHash) {
    return { kind: 'reload', reasons: [{ code: 'haproxy-differs', backends: [] }] };
  }
  const reasons = difference(applied, desired);
  return {
    kind: 'reload',
    reasons: reasons.length > 0 ? reasons : [{ code: 'frame-changed', backends: [] }],
  };
}

/** Why the text of two states differs; empty where their services and routes are the same. */
export function difference(before: Desired, after: Desired): ReloadReason[] {
  const found = new Map<ReloadReasonCode, BackendName[]>();
  const add = (code: ReloadReasonCode, backend: BackendName) =>
    found.set(code, [...(found.get(code) ?? []), backend]);
  for (const [backend, service] of after.services) {
    const old = before.services.get(backend);
    if (old === undefined) add('service-added', backend);
    else if (old !== service) {
      if (old.definition !== service.definition) add('service-changed', backend);
      if (old.servers !== service.servers) add('servers-changed', backend);
    }
  }
  for (const backend of before.services.keys())
    if (!after.services.has(backend)) add('service-removed', backend);
  const reasons = [...found].map(([code, backends]): ReloadReason => ({ code, backends: backends.sort() }));
  const moved = reasons.length === 0 && routesDiffer(before.routes, after.routes);
  return moved ? [{ code: 'routes-changed', backends: [] }] : reasons;
}

const routesDiffer = (a: Routes, b: Routes): boolean => a !== b && JSON.stringify(a) !== JSON.stringify(b);

/** One line for logs: `service-added: team_web_10001 (+2 more)`. */
export function describeReason({ code, backends }: ReloadReason): string {
  const [first, ...rest] = backends;
  if (first === undefined) return code;
  return rest.length === 0 ? `${code}: ${first}` : `${code}: ${first} (+${rest.length} more)`;
}
