/** A posted app, made into the definition that GET writes: every default filled in, old shapes turned into new ones. */
import { compact, isObject, listOf, numberOf, objectOf, stringMapOf, stringOf, type Json } from './json.ts';
import { networkPart } from './networks.ts';

const optionalFields = [
  'acceptedResourceRoles',
  'args',
  'cmd',
  'check',
  'constraints',
  'dependencies',
  'executorResources',
  'residency',
  'resourceLimits',
  'secrets',
  'taskKillGracePeriodSeconds',
  'tty',
  'user',
] as const;

export function normalizeApp(app: Json, id: string): Json {
  const network = networkPart(app);
  const hasPorts =
    (network.portDefinitions?.length ?? 0) > 0 || listOf(network.container?.['portMappings']).length > 0;
  const checks = listOf(app['healthChecks']).map((check) => normalizeCheck(objectOf(check), hasPorts));
  const readiness = listOf(app['readinessChecks']).map((check) => ({
    ...readinessDefaults,
    ...objectOf(check),
  }));
  return {
    id,
    backoffFactor: numberOf(app['backoffFactor'], 1.15),
    backoffSeconds: numberOf(app['backoffSeconds'], 1),
    cpus: numberOf(app['cpus'], 1),
    disk: numberOf(app['disk'], 0),
    executor: stringOf(app['executor']),
    gpus: numberOf(app['gpus'], 0),
    instances: numberOf(app['instances'], 1),
    labels: stringMapOf(app['labels']),
    maxLaunchDelaySeconds: numberOf(app['maxLaunchDelaySeconds'], 300),
    mem: numberOf(app['mem'], 128),
    networks: network.networks,
    requirePorts: app['requirePorts'] === true,
    killSelection: stringOf(app['killSelection'], 'YOUNGEST_FIRST'),
    role: stringOf(app['role'], '*'),
    env: objectOf(app['env']),
    ...compact(Object.fromEntries(optionalFields.map((field) => [field, app[field]]))),
    ...compact({
      container: network.container,
      portDefinitions: network.portDefinitions,
      fetch: fetchOf(app),
    }),
    // [marathon] Left out where there are none.
    ...(checks.length > 0 ? { healthChecks: checks } : {}),
    ...(readiness.length > 0 ? { readinessChecks: readiness } : {}),
    upgradeStrategy: upgradeStrategy(app),
    unreachableStrategy:
      app['unreachableStrategy'] === 'disabled'
        ? 'disabled'
        : { inactiveAfterSeconds: 0, expungeAfterSeconds: 0, ...objectOf(app['unreachableStrategy']) },
  };
}

/** What used to be `uris` is fetched, and what is an archive is unpacked. */
function fetchOf(app: Json): readonly Json[] | undefined {
  const uris = listOf(app['uris']).filter((uri) => typeof uri === 'string');
  if (uris.length === 0) return Array.isArray(app['fetch']) ? (app['fetch'] as Json[]) : undefined;
  const isArchive = /\.(?:tgz|tar\.gz|tbz2|tar\.bz2|txz|tar\.xz|zip)$/;
  return uris.map((uri) => ({ uri, extract: isArchive.test(uri), executable: false, cache: false }));
}

const readinessDefaults: Json = {
  name: 'readinessCheck',
  protocol: 'HTTP',
  path: '/',
  portName: 'http-api',
  intervalSeconds: 30,
  timeoutSeconds: 10,
  httpStatusCodesForReady: [200],
  preserveLastResponse: false,
};

/** [marathon] An app with persistent volumes may go below its number, and never above. */
function upgradeStrategy(app: Json): Json {
  const volumes = listOf(objectOf(app['container'])['volumes']);
  const keepsData = volumes.some((volume) => isObject(objectOf(volume)['persistent']));
  const defaults = keepsData
    ? { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 }
    : { minimumHealthCapacity: 1, maximumOverCapacity: 1 };
  return { ...defaults, ...objectOf(app['upgradeStrategy']) };
}

function normalizeCheck(check: Json, appHasPorts: boolean): Json {
  const protocol = stringOf(check['protocol'], 'HTTP');
  const needsPort = protocol !== 'COMMAND' && check['port'] === undefined && check['portIndex'] === undefined;
  const marathonHttp = protocol === 'HTTP' || protocol === 'HTTPS';
  return {
    gracePeriodSeconds: 300,
    intervalSeconds: 60,
    maxConsecutiveFailures: 3,
    timeoutSeconds: 20,
    // [marathon] Written for every protocol, whoever performs the check.
    delaySeconds: 15,
    ipProtocol: 'IPv4',
    ...(marathonHttp ? { ignoreHttp1xx: false } : {}),
    ...(needsPort && appHasPorts ? { portIndex: 0 } : {}),
    ...compact(check),
    protocol,
  };
}
