/** The tree of groups, made from the ids of apps and pods. */
import type { Json } from './json.ts';
import { parentOf } from './ids.ts';
import type { RunSpec } from './spec.ts';
import type { World } from '../cluster/world.ts';

/** The group `id` with everything below it; `write` gives the JSON of an app. */
export function groupTree(
  world: World,
  id: string,
  write: (spec: RunSpec) => unknown = ({ definition }) => definition,
): Json {
  const nodes = new Map<string, { apps: unknown[]; pods: unknown[]; groups: Json[] }>();
  const root = node(id);
  for (const group of world.registry.groups) if (within(group, id)) node(group);
  for (const spec of world.registry.specs.values()) {
    const parent = parentOf(spec.id);
    if (!within(parent, id)) continue;
    if (spec.kind === 'app') node(parent).apps.push(write(spec));
    else node(parent).pods.push(spec.definition);
  }
  return json(id, root);

  function node(path: string) {
    const known = nodes.get(path);
    if (known) return known;
    const made = { apps: [], pods: [], groups: [] as Json[] };
    nodes.set(path, made);
    if (path !== id) node(parentOf(path)).groups.push(json(path, made));
    return made;
  }

  function json(path: string, { apps, pods, groups }: ReturnType<typeof node>): Json {
    const version = world.registry.rootVersion;
    return { id: path, apps, dependencies: [], enforceRole: false, groups, pods, version };
  }
}

function within(id: string, group: string): boolean {
  return id === group || group === '/' || id.startsWith(`${group}/`);
}

/** All groups there are, the root among them. */
export function groupIds({ registry }: World): readonly string[] {
  const found = new Set<string>(registry.groups);
  for (const id of registry.specs.keys())
    for (let group = parentOf(id); !found.has(group); group = parentOf(group)) found.add(group);
  return [...found];
}

export function groupExists(world: World, id: string): boolean {
  if (world.registry.groups.has(id)) return true;
  return [...world.registry.specs.keys()].some((spec) => within(parentOf(spec), id));
}

/** [marathon] Until 1.6 each deployment event carried the root group as it was and as it will be. */
export function heavyPlan(world: World): Json {
  if (!world.traits.heavyPlans) return {};
  const tree = groupTree(world, '/');
  return { original: tree, target: tree };
}
