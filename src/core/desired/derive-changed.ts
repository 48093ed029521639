/**
 * Derives the apps that changed, and those they affect: apps that share a deployment group with one of them, or had an
 * address that one of their tasks has now. An app that cannot be derived is kept as it was; the others are not
 * affected.
 */
import { holderOf, nextAddresses, placesOf, type Addresses } from '../servers/addresses.ts';
import { nextAssignments, withAssigned, type Assignments } from '../services/assigned-ports.ts';
import { defineApp, deriveApp, type AppServices, type ModelContext } from '../services/app-services.ts';
import { failedServices } from '../services/failed.ts';
import { deriveMembers, type Defined } from '../groups/group-members.ts';
import { nextGroups, type Groups } from '../groups/groups.ts';
import type { AppId } from '../model/ids.ts';
import type { App } from '../model/model.ts';
import { keepSame, sameValue } from '../collections/same.ts';

/** What changed in the mirror. */
export interface MirrorDelta {
  readonly changed: readonly App[];
  readonly removed: readonly AppId[];
}

/** What the previous state is needed for. */
export interface Known {
  readonly apps: ReadonlyMap<AppId, AppServices>;
  readonly groups: Groups;
  readonly assigned: Assignments;
  readonly addresses: Addresses;
}

/** The result of deriving. */
export interface Derived {
  /** The apps that changed, and those they affect. */
  readonly derived: ReadonlyMap<AppId, AppServices>;
  readonly groups: Groups;
  readonly assigned: Assignments;
  readonly addresses: Addresses;
}

/** Derives the apps of a change. Never throws because of one app. */
export function deriveChanged(previous: Known, delta: MirrorDelta, context: ModelContext): Derived {
  const { apps } = previous;
  const { removed } = delta;
  const owners = context.owners();
  const assigned = nextAssignments(previous.assigned, delta, context.assignedPorts, context.digests, owners);
  const defined = new Map<AppId, Defined>();
  const define = (app: App) => defined.set(app.id, defineOne(app, context, apps.get(app.id)));
  for (const app of withPorts(previous, delta, assigned)) define(app);

  const { addresses, touched } = nextAddresses(previous.addresses, [
    ...removed.map((id) => ({ before: apps.get(id)?.places ?? [], after: [] })),
    ...[...defined].map(([id, { places }]) => ({ before: apps.get(id)?.places ?? [], after: places })),
  ]);
  for (const id of touched) {
    const app = apps.get(id)?.app;
    if (app !== undefined && !defined.has(id) && !removed.includes(id)) define(app);
  }

  const { groups, touched: together } = nextGroups(previous, removed, [...defined.values()]);
  const withAddresses = { ...context, holderOf: (address: string) => holderOf(addresses, address) };
  const derived = new Map<AppId, AppServices>();
  for (const [id, one] of defined)
    if (one.definition.deployment === undefined) derived.set(id, deriveOne(one, withAddresses, apps.get(id)));
  for (const group of together) {
    const members = [...(groups.get(group) ?? [])].flatMap((id) => defined.get(id) ?? keptOf(apps.get(id)));
    const namesake =
      groups.get(group)?.has(group) === true ? undefined : (defined.get(group) ?? apps.get(group));
    const isGone = removed.includes(group);
    for (const services of deriveMembers(group, members, isGone ? undefined : namesake, withAddresses, apps))
      derived.set(services.app.id, services);
  }
  return { derived, groups, assigned, addresses };
}

function defineOne(app: App, context: ModelContext, before: AppServices | undefined): Defined {
  let places = before?.places ?? [];
  try {
    const found = placesOf(app, context.resolve);
    const isSame = found.length === places.length && found.every((place, i) => place === places[i]);
    places = isSame ? places : found;
    return { app, places, definition: defineApp(app, context, before) };
  } catch (error) {
    const { definition, places: still = [] } = failedServices(app, before, error);
    return { app, definition, places: still, fault: { error } };
  }
}

function deriveOne(one: Defined, context: ModelContext, before: AppServices | undefined): AppServices {
  const { app, definition, places, fault } = one;
  if (fault !== undefined) return failedServices(app, before, fault.error);
  try {
    return { ...deriveApp(app, definition, context, before), places };
  } catch (error) {
    return { ...failedServices(app, before, error, definition), places };
  }
}

const keptOf = (known: AppServices | undefined): Defined[] =>
  known === undefined ? [] : [{ app: known.app, definition: known.definition, places: known.places ?? [] }];

/** The apps that changed, and those whose assigned ports changed with them, each with its assigned ports. */
function withPorts(previous: Known, { changed, removed }: MirrorDelta, assigned: Assignments): App[] {
  const given = new Set<AppId>([...changed.map(({ id }) => id), ...removed]);
  const moved =
    assigned === previous.assigned
      ? []
      : [...assigned].flatMap(([id, { ports }]) => {
          const before = previous.assigned.get(id)?.ports;
          const app = previous.apps.get(id)?.app;
          return app === undefined || given.has(id) || sameValue([...(before ?? [])], [...ports])
            ? []
            : [app];
        });
  return [...changed, ...moved].map((app) => {
    const filled = withAssigned(app, assigned.get(app.id));
    return filled === app
      ? app
      : { ...filled, ports: keepSame(previous.apps.get(app.id)?.app.ports, filled.ports) };
  });
}

/** These apps and those that share a deployment group with one of them. */
export function withPartners(
  { apps, groups }: Pick<Known, 'apps' | 'groups'>,
  ids: readonly AppId[],
): ReadonlySet<AppId> {
  const all = new Set(ids);
  for (const id of ids) {
    const group = apps.get(id)?.definition.deployment?.group;
    for (const partner of (group === undefined ? undefined : groups.get(group)) ?? []) all.add(partner);
  }
  return all;
}
