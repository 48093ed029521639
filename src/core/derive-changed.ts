/** The apps that changed, derived, and those that share a deployment group with one of them. */
import { nextAssignments, withAssigned, type Assignments } from './assigned-ports.ts';
import { defineApp, deriveApp, type AppServices, type ModelContext } from './app-services.ts';
import { deriveGroup } from './group-services.ts';
import type { AppId } from './ids.ts';
import type { App } from './model.ts';
import { keepSame, sameValue } from './same.ts';

export interface MirrorDelta {
  readonly changed: readonly App[];
  readonly removed: readonly AppId[];
}

/** Deployment group → its apps. */
export type Groups = ReadonlyMap<AppId, ReadonlySet<AppId>>;

export interface Known {
  readonly apps: ReadonlyMap<AppId, AppServices>;
  readonly groups: Groups;
  readonly assigned: Assignments;
}

export function deriveChanged(
  previous: Known,
  delta: MirrorDelta,
  context: ModelContext,
): { derived: ReadonlyMap<AppId, AppServices>; groups: Groups; assigned: Assignments } {
  const { apps } = previous;
  const { removed } = delta;
  const assigned = nextAssignments(previous.assigned, delta, context.assignedPorts, context.digests);
  const changed = withPorts(previous, delta, assigned);
  const members = new Map(
    changed.map((app) => [app.id, { app, definition: defineApp(app, context, apps.get(app.id)) }]),
  );
  const { groups, touched } = regroup(previous, removed, [...members.values()]);
  const derived = new Map<AppId, AppServices>();
  for (const [id, { app, definition }] of members) {
    if (definition.deployment === undefined)
      derived.set(id, deriveApp(app, definition, context, apps.get(id)));
  }
  for (const group of touched) {
    const together = [...(groups.get(group) ?? [])].flatMap((id) => {
      const before = apps.get(id);
      const { app, definition } = members.get(id) ?? before ?? {};
      if (app === undefined || definition?.deployment === undefined) return [];
      return { app, definition, deployment: definition.deployment, previous: before };
    });
    for (const services of deriveGroup(together, context)) derived.set(services.app.id, services);
  }
  return { derived, groups, assigned };
}

/** The apps that changed, and those whose ports did with them, each with the ports that were assigned to it. */
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

/** The groups after some apps changed, and which of them need another look. */
function regroup(
  previous: Known,
  removed: readonly AppId[],
  changed: readonly Pick<AppServices, 'app' | 'definition'>[],
): { groups: Groups; touched: ReadonlySet<AppId> } {
  const touched = new Set<AppId>();
  let groups: Map<AppId, Set<AppId>> | undefined;
  const edit = (group: AppId, change: (members: Set<AppId>) => void) => {
    groups ??= new Map([...previous.groups].map(([name, ids]) => [name, new Set(ids)]));
    const members = groups.get(group) ?? new Set();
    change(members);
    if (members.size === 0) groups.delete(group);
    else groups.set(group, members);
  };
  const move = (id: AppId, to: AppId | undefined) => {
    const from = previous.apps.get(id)?.definition.deployment?.group;
    for (const group of [from, to]) if (group !== undefined) touched.add(group);
    if (from === to) return;
    if (from !== undefined) edit(from, (members) => members.delete(id));
    if (to !== undefined) edit(to, (members) => members.add(id));
  };
  for (const id of removed) move(id, undefined);
  for (const { app, definition } of changed) move(app.id, definition.deployment?.group);
  return { groups: groups ?? previous.groups, touched };
}

/** These apps and those that share a deployment group with one of them. */
export function withPartners({ apps, groups }: Known, ids: readonly AppId[]): ReadonlySet<AppId> {
  const all = new Set(ids);
  for (const id of ids) {
    const group = apps.get(id)?.definition.deployment?.group;
    for (const partner of (group === undefined ? undefined : groups.get(group)) ?? []) all.add(partner);
  }
  return all;
}
