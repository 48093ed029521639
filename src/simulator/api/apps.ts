/** /v2/apps: lists, single apps, groups of apps, and their changes. */
import { ApiError, noSuchApp } from '../api-error.ts';
import { appOf, existingApp, patchedApp, restarted } from '../deploy/changes.ts';
import { event } from '../faults/events.ts';
import type { Deployed, Update } from '../definitions/groups.ts';
import { isBelow, parentOf, resolveId } from '../definitions/ids.ts';
import { isObject, listOf, objectOf, stringMapOf, stringOf, type Json } from '../definitions/json.ts';
import type { RunSpec } from '../definitions/spec.ts';
import { labelTest } from '../selectors.ts';
import { embedsOf } from '../definitions/view.ts';
import type { ApiContext } from './context.ts';
import { flag, ok, type Answer, type Exchange } from './exchange.ts';

export function listApps({ world, view }: ApiContext, { query }: Exchange): Answer {
  const tests = [query.get('label')].filter((text) => text !== null).map(labelTest);
  const id = query.get('id')?.toLowerCase() ?? '';
  const cmd = query.get('cmd')?.toLowerCase() ?? '';
  const embeds = embedsOf(query, false);
  const texts: string[] = [];
  for (const spec of world.registry.specs.values()) {
    if (spec.kind !== 'app') continue;
    if (id !== '' && !spec.id.toLowerCase().includes(id)) continue;
    if (cmd !== '' && !stringOf(spec.definition['cmd']).toLowerCase().includes(cmd)) continue;
    if (tests.some((test) => !test(stringMapOf(spec.definition['labels'])))) continue;
    texts.push(view.appText(spec, embeds));
  }
  return ok(`{"apps":[${texts.join(',')}]}`);
}

export function getApp({ world, view }: ApiContext, { query }: Exchange, id: string): Answer {
  const spec = existingApp(world, id);
  return ok(`{"app":${view.appText(spec, embedsOf(query, true))}}`);
}

/** GET /v2/apps/{group}/*: all apps below a group. */
export function getAppsBelow({ world, view }: ApiContext, { query }: Exchange, group: string): Answer {
  const specs = appsBelow(world.registry.specs, group);
  if (specs.length === 0 && group !== '/')
    throw new ApiError(404, { message: `Group '${group}' does not exist` });
  const embeds = embedsOf(query, false);
  return ok(`{"*":[${specs.map((spec) => view.appText(spec, embeds)).join(',')}]}`);
}

export function appsBelow(specs: ReadonlyMap<string, RunSpec>, group: string): readonly RunSpec[] {
  return [...specs.values()].filter(({ kind, id }) => kind === 'app' && isBelow(id, group));
}

export async function createApp(context: ApiContext, exchange: Exchange): Promise<Answer> {
  const { world } = context;
  const body = appBody(await exchange.json());
  const id = resolveId('/', stringOf(body['id']));
  let posted: RunSpec | undefined;
  const deployed = await change(
    context,
    exchange,
    parentOf(id),
    (version) => {
      if (world.registry.specs.has(id)) {
        throw new ApiError(409, { message: `An app with id [${id}] already exists.` });
      }
      posted = appOf(world, body, id, version);
      return new Map([[id, posted]]);
    },
    () => apiPost(exchange, unassigned(posted?.definition ?? {}, body)),
  );
  const counts = { tasksStaged: 0, tasksRunning: 0, tasksHealthy: 0, tasksUnhealthy: 0 };
  const json = {
    ...unassigned(posted?.definition ?? {}, body),
    ...counts,
    deployments: [{ id: deployed.deploymentId }],
  };
  return { status: 201, json, headers: { Location: id, ...deploymentHeader(deployed) } };
}

/** PUT (which may create) and PATCH of one app. */
export async function updateApp(context: ApiContext, exchange: Exchange, id: string): Promise<Answer> {
  const { world } = context;
  const body = appBody(await exchange.json());
  const partial = exchange.method === 'PATCH' || flag(exchange.query, 'partialUpdate', true);
  const exists = world.registry.specs.has(id);
  if (!exists && exchange.method === 'PATCH') throw noSuchApp(id);
  const deployed = await change(
    context,
    exchange,
    parentOf(id),
    (version) => new Map([[id, specFor(context, body, id, version, partial)]]),
    () => apiPost(exchange, world.registry.specs.get(id)?.definition ?? {}),
  );
  return { ...deployedAnswer(deployed), status: exists ? 200 : 201 };
}

/** PUT and PATCH of a list of apps: one deployment for all, told for the root group, with no api_post_event. */
export async function updateApps(context: ApiContext, exchange: Exchange): Promise<Answer> {
  const bodies = listOf(await exchange.json()).map(appBody);
  const partial = exchange.method === 'PATCH' || flag(exchange.query, 'partialUpdate', true);
  const deployed = await change(context, exchange, '/', (version) => {
    const specs = new Map<string, RunSpec>();
    const held: Json[] = [];
    for (const body of bodies) {
      const id = resolveId('/', stringOf(body['id']));
      const spec = specFor(context, body, id, version, partial);
      // Apps of one request must not get the same service port.
      context.world.registry.servicePorts.hold(spec.definition);
      held.push(spec.definition);
      specs.set(id, spec);
    }
    for (const definition of held) context.world.registry.servicePorts.release(definition);
    return specs;
  });
  return deployedAnswer(deployed);
}

export async function restartApp(context: ApiContext, exchange: Exchange, id: string): Promise<Answer> {
  existingApp(context.world, id);
  const deployed = await change(
    context,
    exchange,
    parentOf(id),
    (version) => new Map([[id, restarted(context.world, id, version)]]),
  );
  return deployedAnswer(deployed);
}

/** [marathon] Deleting forces its way by default, and has no api_post_event. */
export async function deleteApp(context: ApiContext, exchange: Exchange, id: string): Promise<Answer> {
  existingApp(context.world, id);
  const specs = new Map([[id, undefined]]);
  const force = flag(exchange.query, 'force', true);
  const deployed = await context.groups.update(() => ({ groupId: parentOf(id), specs, force }));
  return deployedAnswer(deployed);
}

export function listVersions({ world }: ApiContext, id: string): Answer {
  existingApp(world, id);
  return ok({
    versions: world.registry
      .versions(id)
      .map(({ version }) => version)
      .toReversed(),
  });
}

export function getVersion({ world }: ApiContext, id: string, version: string): Answer {
  const spec = world.registry.versions(id).find((one) => one.version === version);
  if (!spec) throw new ApiError(404, { message: `App '${id}' with version ${version} does not exist` });
  return ok(spec.definition);
}

export function deployedAnswer(deployed: Deployed): Answer {
  const { version, deploymentId } = deployed;
  return ok({ version, deploymentId }, deploymentHeader(deployed));
}

export function deploymentHeader({ deploymentId }: Deployed): Record<string, string> {
  return { 'Marathon-Deployment-Id': deploymentId };
}

function change(
  { groups }: ApiContext,
  { query }: Exchange,
  groupId: string,
  make: (version: string) => Update['specs'],
  announce?: Update['announce'],
): Promise<Deployed> {
  const force = flag(query, 'force');
  return groups.update((version) => ({
    groupId,
    specs: make(version),
    force,
    ...(announce ? { announce } : {}),
  }));
}

function specFor({ world }: ApiContext, body: Json, id: string, version: string, partial: boolean): RunSpec {
  return partial && world.registry.specs.has(id)
    ? patchedApp(world, body, id, version)
    : appOf(world, body, id, version);
}

function appBody(body: unknown): Json {
  if (isObject(body)) return body;
  throw new ApiError(422, {
    message: 'Invalid JSON',
    details: [{ path: '', errors: ['error.expected.jsobject'] }],
  });
}

function apiPost({ request, path }: Exchange, appDefinition: Json) {
  return event('api_post_event', { clientIp: request.socket.remoteAddress, uri: path, appDefinition });
}

/** [marathon] The answer to a POST, and its event, show the app as it was before ports were assigned. */
function unassigned(definition: Json, posted: Json): Json {
  const { versionInfo: _versionInfo, ...rest } = definition;
  if (Array.isArray(rest['portDefinitions'])) {
    const given = listOf(posted['portDefinitions']);
    rest['portDefinitions'] = rest['portDefinitions'].map((item, i) => ({
      ...objectOf(item),
      port: objectOf(given[i])['port'] ?? 0,
    }));
  }
  const container = objectOf(rest['container']);
  if (Array.isArray(container['portMappings'])) {
    const given = listOf(objectOf(posted['container'])['portMappings']);
    const portMappings = container['portMappings'].map((item, i) => ({
      ...objectOf(item),
      servicePort: objectOf(given[i])['servicePort'] ?? 0,
    }));
    rest['container'] = { ...container, portMappings };
  }
  return rest;
}
