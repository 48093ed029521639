/**
 * Who has what several services claim. It belongs to the app that served it before; without that memory to the older
 * claim by Marathon's own times, so that every node comes to the same answer.
 */
import type { AppServices } from './app-services.ts';
import { byCodePoint, type AppId } from './ids.ts';
import type { App } from './model.ts';
import type { ServiceDefinition } from './service.ts';

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
const byTime = (a: number, b: number): number => (a === b ? 0 : a - b);

/** When the app was last configured, in milliseconds since 1970; Infinity when Marathon does not say. */
export function ageOf({ configuredAt, version }: App): number {
  const time = configuredAt ?? Date.parse(version);
  return Number.isNaN(time) ? Infinity : time;
}

export interface Precedence {
  /** Below 0 where `a` comes first. */
  readonly compare: (
    a: ServiceDefinition,
    b: ServiceDefinition,
    claimOf: (definition: ServiceDefinition) => string,
  ) => number;
  /** Whether the service had this before. */
  readonly owns: (definition: ServiceDefinition, claim: string) => boolean;
  /** Its app, and those that share its deployment group. */
  readonly partiesOf: (definition: ServiceDefinition) => readonly AppId[];
}

export function precedence(
  owners: Owners,
  apps: ReadonlyMap<AppId, AppServices>,
  groups: ReadonlyMap<AppId, ReadonlySet<AppId>>,
): Precedence {
  const partiesOf = ({ appId }: ServiceDefinition): readonly AppId[] => {
    const own = apps.get(appId);
    const group = own?.alone === undefined ? own?.definition.deployment?.group : undefined;
    if (group === undefined) return [appId];
    return [...(groups.get(group) ?? [])].filter((id) => apps.get(id)?.alone === undefined);
  };
  const owns: Precedence['owns'] = (definition, claim) => {
    const known = owners.get(claim);
    return known !== undefined && partiesOf(definition).some((id) => known.has(id));
  };
  const age = (definition: ServiceDefinition): number =>
    partiesOf(definition).reduce((oldest, id) => {
      const app = apps.get(id)?.app;
      return app === undefined ? oldest : Math.min(oldest, ageOf(app));
    }, Infinity);
  return {
    owns,
    partiesOf,
    compare: (a, b, claimOf) => {
      const [first, second] = [age(a), age(b)];
      return (
        Number(owns(b, claimOf(b))) - Number(owns(a, claimOf(a))) ||
        byTime(first, second) ||
        byCodePoint(a.name, b.name) ||
        a.portIndex - b.portIndex ||
        byCodePoint(a.appId, b.appId)
      );
    },
  };
}
