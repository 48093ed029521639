/** /v2/groups: the tree, and changes of many apps at once. No api_post_event is sent for any of them. */
import { ApiError, invalidObject } from '../api-error.ts';
import { appOf } from '../deploy/changes.ts';
import { groupExists, groupTree } from '../definitions/group-view.ts';
import { isBelow, parentOf, pathId, resolveId } from '../definitions/ids.ts';
import { listOf, numberOf, objectOf, stringOf, type Json } from '../definitions/json.ts';
import { appSpec } from '../definitions/run-spec.ts';
import type { RunSpec } from '../definitions/spec.ts';
import { embedsOf } from '../definitions/view.ts';
import { appsBelow, deployedAnswer } from './apps.ts';
import type { ApiContext } from './context.ts';
import { scaledInstances } from '../validation/instances.ts';
import { flag, ok, type Answer, type Exchange } from './exchange.ts';

export function routeGroups(
  context: ApiContext,
  exchange: Exchange,
  rest: readonly string[],
): Answer | undefined | Promise<Answer> {
  const id = pathId(rest.join('/'));
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return rest.at(-1) === 'versions'
        ? ok([context.world.registry.rootVersion])
        : getGroup(context, exchange, id);
    case 'PUT':
      return putGroup(context, exchange, id);
    case 'POST':
      return createGroup(context, exchange, id);
    case 'DELETE':
      return deleteGroup(context, exchange, id);
    default:
      return undefined;
  }
}

function getGroup({ world, view }: ApiContext, { query }: Exchange, id: string): Answer {
  if (!groupExists(world, id)) throw noSuchGroup(id);
  const wanted = query.getAll('embed').filter((name) => name.startsWith('group.apps.'));
  if (wanted.length === 0) return ok(groupTree(world, id));
  const embeds = embedsOf(query, false);
  return ok(groupTree(world, id, (spec) => view.app(spec, embeds)));
}

/** What the body holds takes the place of all that is in the group. */
async function putGroup(context: ApiContext, exchange: Exchange, id: string): Promise<Answer> {
  const { world, groups } = context;
  const body = objectOf(await exchange.json());
  const target = body['id'] === undefined ? id : resolveId(id, stringOf(body['id']));
  const force = flag(exchange.query, 'force');
  const scaleBy = numberOf(body['scaleBy'], Number.NaN);
  const existed = groupExists(world, target);
  const deployed = await groups.update((version) => ({
    groupId: target,
    specs: Number.isNaN(scaleBy)
      ? replaced(context, body, target, version)
      : scaledBy(context, target, scaleBy, version),
    force,
  }));
  return { ...deployedAnswer(deployed), status: existed ? 200 : 201 };
}

async function createGroup(context: ApiContext, exchange: Exchange, parent: string): Promise<Answer> {
  const body = objectOf(await exchange.json());
  const id = resolveId(parent, stringOf(body['id']));
  if (groupExists(context.world, id)) {
    throw new ApiError(409, { message: `Group ${id} is already created. Use PUT to change this group.` });
  }
  const deployed = await context.groups.update((version) => ({
    groupId: id,
    specs: replaced(context, body, id, version),
    force: flag(exchange.query, 'force'),
  }));
  return { ...deployedAnswer(deployed), status: 201 };
}

async function deleteGroup(context: ApiContext, { query }: Exchange, id: string): Promise<Answer> {
  const { world, groups } = context;
  if (!groupExists(world, id)) throw noSuchGroup(id);
  const deployed = await groups.update(() => {
    const below = [...world.registry.specs.keys()].filter((one) => isBelow(one, id));
    for (const group of [...world.registry.groups]) {
      if (group !== '/' && (group === id || isBelow(group, id))) world.registry.groups.delete(group);
    }
    const specs = new Map<string, RunSpec | undefined>(below.map((one) => [one, undefined]));
    return { groupId: id, specs, force: flag(query, 'force', true) };
  });
  return deployedAnswer(deployed);
}

function replaced(
  { world }: ApiContext,
  body: Json,
  id: string,
  version: string,
): Map<string, RunSpec | undefined> {
  const { registry } = world;
  const specs = new Map<string, RunSpec | undefined>();
  for (const { id: old } of appsBelow(registry.specs, id)) specs.set(old, undefined);
  const held: Json[] = [];
  // What is refused in the end makes no group.
  const named = new Set<string>();
  for (const [appId, app] of appsIn(body, id, named)) {
    const spec = appOf(world, app, appId, version);
    // Apps of one request must not get the same service port.
    registry.servicePorts.hold(spec.definition);
    held.push(spec.definition);
    specs.set(appId, spec);
  }
  for (const definition of held) registry.servicePorts.release(definition);
  for (const group of named) registry.groups.add(group);
  return specs;
}

/** [marathon] An id is relative to its group, or names a child of it. */
function checkChild(id: string, group: string, path: string): void {
  if (parentOf(id) !== group)
    throw invalidObject([{ path, errors: [`Identifier is not child of '${group}'`] }]);
}

function* appsIn(body: Json, id: string, groups: Set<string>, at = ''): Iterable<[string, Json]> {
  groups.add(id);
  for (const [index, item] of listOf(body['apps']).entries()) {
    const app = objectOf(item);
    const appId = resolveId(id, stringOf(app['id']));
    checkChild(appId, id, `${at}/apps(${index})/id`);
    yield [appId, app];
  }
  for (const [index, item] of listOf(body['groups']).entries()) {
    const group = objectOf(item);
    const path = `${at}/groups(${index})`;
    const groupId = resolveId(id, stringOf(group['id']));
    checkChild(groupId, id, `${path}/id`);
    yield* appsIn(group, groupId, groups, path);
  }
}

function scaledBy({ world }: ApiContext, id: string, factor: number, version: string): Map<string, RunSpec> {
  return new Map(
    appsBelow(world.registry.specs, id).map(({ id: appId, definition, instances }) => {
      const versionInfo = { ...objectOf(definition['versionInfo']), lastScalingAt: version };
      const scaled = { ...definition, instances: scaledInstances(instances, factor), version, versionInfo };
      return [appId, appSpec(scaled, world.timings.healthScale)];
    }),
  );
}

function noSuchGroup(id: string): ApiError {
  return new ApiError(404, { message: `Group '${id}' does not exist` });
}
