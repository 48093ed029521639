/** Which apps name which deployment group. */
import type { AppServices } from '../services/app-services.ts';
import type { AppId } from '../model/ids.ts';

/** Deployment group → the apps that name it. Those that are not allowed in it have services of their own. */
export type Groups = ReadonlyMap<AppId, ReadonlySet<AppId>>;

interface Known {
  readonly apps: ReadonlyMap<AppId, AppServices>;
  readonly groups: Groups;
}

/** The groups after some apps changed, and which of them must be derived again. */
export function nextGroups(
  previous: Known,
  removed: readonly AppId[],
  changed: readonly Pick<AppServices, 'app' | 'definition'>[],
): { groups: Groups; touched: ReadonlySet<AppId> } {
  const touched = new Set<AppId>();
  let groups: Map<AppId, ReadonlySet<AppId>> | undefined;
  const edit = (group: AppId, change: (members: Set<AppId>) => void) => {
    groups ??= new Map(previous.groups);
    const members = new Set(groups.get(group));
    change(members);
    if (members.size === 0) groups.delete(group);
    else groups.set(group, members);
  };
  const move = (id: AppId, to: AppId | undefined) => {
    const from = previous.apps.get(id)?.definition.deployment?.group;
    for (const group of [from, to]) if (group !== undefined) touched.add(group);
    // This app decides who may join the group of its name.
    if (from !== id && to !== id && (groups ?? previous.groups).has(id)) touched.add(id);
    if (from === to) return;
    if (from !== undefined) edit(from, (members) => members.delete(id));
    if (to !== undefined) edit(to, (members) => members.add(id));
  };
  for (const id of removed) move(id, undefined);
  for (const { app, definition } of changed) move(app.id, definition.deployment?.group);
  // The group may have got members after the app of its name was derived.
  for (const { app } of changed) if ((groups ?? previous.groups).has(app.id)) touched.add(app.id);
  return { groups: groups ?? previous.groups, touched };
}
