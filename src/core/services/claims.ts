/**
 * What services claim. It belongs to the app that served it before; without that memory to the one with the older
 * claim by Marathon's own times, so that every node comes to the same answer.
 */
import { byCodePoint, type AppId } from '../model/ids.ts';
import type { App } from '../model/model.ts';
import type { ServiceDefinition } from '../model/service.ts';

/** Claim → the apps that serve it, more than one for a deployment group: the one that had the group first comes first. */
export type Owners = ReadonlyMap<string, ReadonlySet<AppId>>;

export const noOwners: Owners = new Map();

export const portClaim = ({ servicePort, bindAddress }: ServiceDefinition): string =>
  `port ${servicePort} ${bindAddress}`;
export const backendClaim = ({ backend }: ServiceDefinition): string => `backend ${backend}`;
export const groupClaim = (group: AppId): string => `group ${group}`;

/** The apps that name a group in the order of their claim to it: those that had it, then the older. */
export function inGroupOrder(group: AppId, owners: Owners): (a: App, b: App) => number {
  const known = [...(owners.get(groupClaim(group)) ?? [])];
  const rank = ({ id }: App) => (known.includes(id) ? known.indexOf(id) : known.length);
  return (a, b) => rank(a) - rank(b) || byTime(ageOf(a), ageOf(b)) || byCodePoint(a.id, b.id);
}

/** Both may be Infinity. */
export const byTime = (a: number, b: number): number => (a === b ? 0 : a - b);

/** When the app was last configured, in milliseconds since 1970; Infinity when Marathon does not say. */
export function ageOf({ configuredAt, version }: App): number {
  const time = configuredAt ?? Date.parse(version);
  return Number.isNaN(time) ? Infinity : time;
}
