/** The parts of Marathon's validation that a client can run into by mistake. */
import { ApiError, invalidObject } from '../api-error.ts';
import { isValidId } from './ids.ts';
import { isObject, listOf, objectOf, type Json } from './json.ts';

type Details = { path: string; errors: string[] }[];

const wrongType = 'error.expected.';

/** What each field must be, checked before anything else: a wrong type is a fault of the JSON's shape. */
const shapes: Readonly<Record<string, 'jsnumber' | 'jsobject' | 'jsarray' | 'jsstring'>> = {
  id: 'jsstring',
  cmd: 'jsstring',
  args: 'jsarray',
  instances: 'jsnumber',
  cpus: 'jsnumber',
  mem: 'jsnumber',
  disk: 'jsnumber',
  backoffSeconds: 'jsnumber',
  labels: 'jsobject',
  env: 'jsobject',
  container: 'jsobject',
  upgradeStrategy: 'jsobject',
  networks: 'jsarray',
  portDefinitions: 'jsarray',
  healthChecks: 'jsarray',
  constraints: 'jsarray',
  dependencies: 'jsarray',
};

/** The shape of an app or a part of one (PATCH): 422 "Invalid JSON". */
export function checkShape(app: Json): void {
  const details: Details = [];
  for (const [field, shape] of Object.entries(shapes)) {
    const value = app[field];
    if (value === undefined || value === null) continue;
    if (!hasShape(value, shape)) details.push({ path: `/${field}`, errors: [wrongType + shape] });
  }
  for (const [label, value] of Object.entries(objectOf(app['labels']))) {
    if (typeof value !== 'string')
      details.push({ path: `/labels/${label}`, errors: [`${wrongType}jsstring`] });
  }
  if (details.length > 0) throw new ApiError(422, { message: 'Invalid JSON', details });
}

function hasShape(value: unknown, shape: string): boolean {
  if (shape === 'jsarray') return Array.isArray(value);
  if (shape === 'jsobject') return isObject(value);
  return typeof value === shape.slice(2);
}

/** A complete app: 422 "Object is not valid". */
export function checkApp(app: Json, id: string): void {
  const details: Details = [];
  const fail = (path: string, error: string): void => {
    details.push({ path, errors: [error] });
  };
  if (!isValidId(id)) {
    fail('/id', "must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*...$'");
  }
  for (const field of ['instances', 'cpus', 'mem', 'disk', 'backoffSeconds']) {
    const value = app[field];
    if (typeof value === 'number' && value < 0) fail(`/${field}`, 'got value, expected 0.0 or more');
  }
  if (app['cmd'] === undefined && app['args'] === undefined && !isObject(app['container'])) {
    fail('/', "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.");
  }
  const networks = listOf(app['networks']).map(objectOf);
  if (new Set(networks.map(({ mode }) => mode ?? 'container')).size > 1) {
    fail('/networks', 'You may not mix different network types');
  }
  checkHealthChecks(app, fail);
  if (details.length > 0) throw invalidObject(details);
}

const protocols = ['HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_HTTPS', 'MESOS_TCP'];

function checkHealthChecks(app: Json, fail: (path: string, error: string) => void): void {
  for (const [index, item] of listOf(app['healthChecks']).entries()) {
    const protocol = objectOf(item)['protocol'] ?? 'HTTP';
    if (!protocols.includes(protocol as string)) {
      fail(`/healthChecks(${index})/protocol`, 'error.unknown.enum.literal');
    }
  }
}
