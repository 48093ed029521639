/** From a request's body to the run spec it asks for, on top of what is there. */
import { ApiError, noSuchApp } from '../api-error.ts';
import { normalizeApp } from '../definitions/definition.ts';
import { canonical, isObject, listOf, objectOf, type Json } from '../definitions/json.ts';
import { appSpec } from '../definitions/run-spec.ts';
import type { RunSpec } from '../definitions/spec.ts';
import { checkApp } from '../validation/app.ts';
import { checkOldFields } from '../validation/old-fields.ts';
import { checkShape } from '../validation/shape.ts';
import type { World } from '../cluster/world.ts';

/** What GET adds to a definition: it is ignored when it is sent back. */
const readOnly = [
  'version',
  'versionInfo',
  'deployments',
  'tasks',
  'tasksStaged',
  'tasksRunning',
  'tasksHealthy',
  'tasksUnhealthy',
  'lastTaskFailure',
  'taskStats',
  'tasksStats',
  'readinessCheckResults',
  'storeUrls',
];

/** The spec of a complete app definition. */
export function appOf(world: World, app: Json, id: string, version: string): RunSpec {
  checkShape(app);
  checkOldFields(app);
  return completed(world, app, id, version);
}

function completed(world: World, app: Json, id: string, version: string): RunSpec {
  checkApp(app, id);
  const before = world.registry.specs.get(id);
  const normal = normalizeApp(app, id);
  const definition = world.registry.servicePorts.assign(normal, before?.definition);
  return appSpec(versioned(definition, before, version), world.timings.healthScale);
}

/** The spec of an app after a part of its definition was replaced. */
export function patchedApp(world: World, patch: Json, id: string, version: string): RunSpec {
  const before = existingApp(world, id);
  if (
    typeof patch['version'] === 'string' &&
    Object.keys(patch).every((key) => key === 'version' || key === 'id')
  ) {
    return rolledBack(world, id, patch['version'], version);
  }
  checkShape(patch);
  checkOldFields(patch);
  return completed(world, merged(before.definition, patch), id, version);
}

export function existingApp(world: World, id: string): RunSpec {
  const spec = world.registry.specs.get(id);
  if (spec?.kind !== 'app') throw noSuchApp(id);
  return spec;
}

/** The app with the same definition and new tasks. */
export function restarted(world: World, id: string, version: string): RunSpec {
  const { definition } = existingApp(world, id);
  const versionInfo = { ...objectOf(definition['versionInfo']), lastConfigChangeAt: version };
  return appSpec({ ...definition, version, versionInfo }, world.timings.healthScale);
}

function rolledBack(world: World, id: string, wanted: string, version: string): RunSpec {
  const old = world.registry.versions(id).find((spec) => spec.version === wanted);
  if (!old) throw new ApiError(422, { message: `App ${id} has no version ${wanted}` });
  return completed(world, old.definition, id, version);
}

/** [marathon] Fields are replaced as a whole; null takes one back to its default. */
function merged(definition: Json, patch: Json): Json {
  const base: Json = { ...definition };
  const docker = objectOf(objectOf(patch['container'])['docker']);
  const namesOldNetwork = docker['network'] !== undefined || isObject(patch['ipAddress']);
  if (namesOldNetwork && patch['networks'] === undefined) delete base['networks'];
  if (patch['ports'] !== undefined && patch['portDefinitions'] === undefined) delete base['portDefinitions'];
  if (patch['uris'] !== undefined) delete base['fetch'];
  dropOtherNetworksPorts(base, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(base, key);
    else if (!readOnly.includes(key)) base[key] = value;
  }
  return base;
}

/** Ports of the networks that the app had before mean nothing in those that it has now. */
function dropOtherNetworksPorts(base: Json, { networks, container, portDefinitions }: Json): void {
  if (networks === undefined) return;
  if (portDefinitions === undefined) delete base['portDefinitions'];
  if (container !== undefined || !isObject(base['container'])) return;
  const isHost = objectOf(listOf(networks)[0])['mode'] === 'host';
  const { portMappings: _, ...rest } = base['container'];
  if (isHost) base['container'] = rest;
}

/** [marathon] Scaling moves version and lastScalingAt; everything else moves lastConfigChangeAt too; nothing moves nothing. */
function versioned(definition: Json, before: RunSpec | undefined, version: string): Json {
  if (!before) return withVersion(definition, version, version, version);
  const info = objectOf(before.definition['versionInfo']);
  if (canonical(configOf(definition)) !== canonical(configOf(before.definition))) {
    return withVersion(definition, version, version, version);
  }
  if (definition['instances'] === before.instances) return before.definition;
  return withVersion(definition, version, version, info['lastConfigChangeAt']);
}

function withVersion(
  definition: Json,
  version: string,
  lastScalingAt: string,
  lastConfigChangeAt: unknown,
): Json {
  return { ...definition, version, versionInfo: { lastScalingAt, lastConfigChangeAt } };
}

/** What makes new tasks necessary when it differs. */
function configOf(definition: Json): Json {
  const { instances: _i, version: _v, versionInfo: _vi, ...config } = definition;
  return config;
}
