/**
 * What the apps below a prefix of ids may claim, as the operator's policy file says it. Each key counts from the
 * longest prefix that says it; what no prefix says is allowed.
 */
import type { AppId } from '../model/ids.ts';

/** What the templates of labels may hold. */
export type LabelTemplates = 'off' | 'own-section' | 'trusted';

export interface PolicyEntry {
  /** `/`, or `/shop`: the app of this id and those below it. */
  readonly prefix: string;
  /** Hosts, `*.example.com` for all below one, `*` for any. */
  readonly vhosts?: readonly string[];
  /** Service ports. */
  readonly ports?: readonly PortSpan[];
  readonly modes?: readonly ('http' | 'tcp')[];
  readonly labelTemplates?: LabelTemplates;
  /** Files, and directories whose files all count, that certificates and what goes with them may come from. */
  readonly certificates?: readonly string[];
  /** Deployment groups that these apps may share with apps of other folders. */
  readonly groups?: readonly AppId[];
  /** Services that all these apps together may have. */
  readonly maxServices?: number;
  /** Servers that each of these services may have. */
  readonly maxServers?: number;
}

/** Both inclusive. */
export interface PortSpan {
  readonly from: number;
  readonly to: number;
}

export type PolicyKey = Exclude<keyof PolicyEntry, 'prefix'>;

/** From the longest prefix to the shortest. */
export type Policy = readonly PolicyEntry[];

export const allowsAll: Policy = [];

export interface PolicyRule<K extends PolicyKey> {
  readonly prefix: string;
  readonly value: NonNullable<PolicyEntry[K]>;
}

/** Undefined where nothing is said. */
export function ruleFor<K extends PolicyKey>(policy: Policy, app: AppId, key: K): PolicyRule<K> | undefined {
  for (const entry of policy) {
    const value = entry[key];
    if (value !== undefined && isBelow(app, entry.prefix)) return { prefix: entry.prefix, value };
  }
  return undefined;
}

/** Every limit of services that an app counts for. */
export function serviceLimits(policy: Policy, app: AppId): PolicyRule<'maxServices'>[] {
  return policy.flatMap(({ prefix, maxServices }) =>
    maxServices !== undefined && isBelow(app, prefix) ? [{ prefix, value: maxServices }] : [],
  );
}

/** By whole segments: `/shopping` is not below `/shop`. */
const isBelow = (app: string, prefix: string): boolean =>
  prefix === '/' || app === prefix || app.startsWith(`${prefix}/`);

/** Whether the operator tells apps apart at all: where files for certificates may be is said of all alike. */
export const separatesTenants = (policy: Policy): boolean =>
  policy.some((entry) => Object.keys(entry).some((key) => key !== 'prefix' && key !== 'certificates'));

/** Whether the policy names the group for this app. */
export const namesGroup = (policy: Policy, app: AppId, group: AppId): boolean =>
  ruleFor(policy, app, 'groups')?.value.includes(group) === true;

/** Whether both apps are in one folder, or below one prefix of the policy that is not `/`. */
export function sharesTenant(policy: Policy, a: AppId, b: AppId): boolean {
  const folder = (id: string) => id.slice(0, id.lastIndexOf('/'));
  return (
    folder(a) === folder(b) ||
    policy.some(({ prefix }) => prefix !== '/' && isBelow(a, prefix) && isBelow(b, prefix))
  );
}
