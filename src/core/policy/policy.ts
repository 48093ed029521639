/**
 * What the apps below a prefix of ids may claim, according to the operator's policy file. Each key is taken from the
 * longest prefix that has it; without any, everything is allowed.
 */
import type { AppId } from '../model/ids.ts';

/** What templates in labels may contain. */
export type LabelTemplates = 'off' | 'own-section' | 'trusted';

/** What apps below one prefix may claim. */
export interface PolicyEntry {
  /** `/`, or `/shop`: the app with this id and those below it. */
  readonly prefix: string;
  /** Hosts; `*.example.com` for all below one, `*` for any. */
  readonly vhosts?: readonly string[];
  /** Service ports. */
  readonly ports?: readonly PortSpan[];
  readonly modes?: readonly ('http' | 'tcp')[];
  readonly labelTemplates?: LabelTemplates;
  /** Files, or directories with everything in them, that certificates and related files may come from. */
  readonly certificates?: readonly string[];
  /** Deployment groups that these apps may share with apps of other folders. */
  readonly groups?: readonly AppId[];
  /** How many services all these apps together may have. */
  readonly maxServices?: number;
  /** How many servers each of these services may have. */
  readonly maxServers?: number;
}

/** Both ends are included. */
export interface PortSpan {
  readonly from: number;
  readonly to: number;
}

/** The keys of the policy file. */
export type PolicyKey = Exclude<keyof PolicyEntry, 'prefix'>;

/** From the longest prefix to the shortest. */
export type Policy = readonly PolicyEntry[];

/** The policy without any rule. */
export const allowsAll: Policy = [];

/** The rule that counts for an app, and its prefix. */
export interface PolicyRule<K extends PolicyKey> {
  readonly prefix: string;
  readonly value: NonNullable<PolicyEntry[K]>;
}

/** Undefined if there is no rule. */
export function ruleFor<K extends PolicyKey>(policy: Policy, app: AppId, key: K): PolicyRule<K> | undefined {
  for (const entry of policy) {
    const value = entry[key];
    if (value !== undefined && isBelow(app, entry.prefix)) return { prefix: entry.prefix, value };
  }
  return undefined;
}

/** Every limit on services that an app counts for. */
export function serviceLimits(policy: Policy, app: AppId): PolicyRule<'maxServices'>[] {
  return policy.flatMap(({ prefix, maxServices }) =>
    maxServices !== undefined && isBelow(app, prefix) ? [{ prefix, value: maxServices }] : [],
  );
}

/** Compares whole segments: `/shopping` is not below `/shop`. */
const isBelow = (app: string, prefix: string): boolean =>
  prefix === '/' || app === prefix || app.startsWith(`${prefix}/`);

/** Whether the policy treats apps differently at all. The folders for certificates are the same for all. */
export const separatesTenants = (policy: Policy): boolean =>
  policy.some((entry) => Object.keys(entry).some((key) => key !== 'prefix' && key !== 'certificates'));

/** Whether the policy names the group for this app. */
export const namesGroup = (policy: Policy, app: AppId, group: AppId): boolean =>
  ruleFor(policy, app, 'groups')?.value.includes(group) === true;

/**
 * Whether both apps are below one prefix of the policy other than `/`, or in one folder: unless the policy names them
 * apart, as it may in a folder that several tenants share, the root above all.
 */
export function sharesTenant(policy: Policy, a: AppId, b: AppId): boolean {
  const folder = (id: string) => id.slice(0, id.lastIndexOf('/'));
  const prefixes = policy.filter(({ prefix }) => prefix !== '/');
  if (prefixes.some(({ prefix }) => isBelow(a, prefix) && isBelow(b, prefix))) return true;
  return folder(a) === folder(b) && !prefixes.some(({ prefix }) => isBelow(a, prefix) || isBelow(b, prefix));
}
