/** From a definition, an app's or a pod's, to the facts the simulator works with. */
import {
  isObject,
  listOf,
  numberOf,
  objectOf,
  optionalNumber,
  stringMapOf,
  stringOf,
  type Json,
} from './json.ts';
import type {
  ContainerSpec,
  HealthCheckSpec,
  NetworkMode,
  PortSpec,
  ReadinessCheckSpec,
  RunSpec,
  SampleSpec,
} from './spec.ts';

const forever = 365 * 86_400_000;

export function appSpec(definition: Json, healthScale: number): RunSpec {
  const [network] = listOf(definition['networks']).filter(isObject);
  const ports = portsOf(definition);
  const checks = listOf(definition['healthChecks']).map((check) => checkOf(objectOf(check), healthScale));
  const sample = sampleOf(definition);
  const configVersion = stringOf(objectOf(definition['versionInfo'])['lastConfigChangeAt']);
  return {
    kind: 'app',
    ...common(
      definition,
      configVersion,
      objectOf(definition['upgradeStrategy']),
      definition['unreachableStrategy'],
    ),
    ...networkOf(network),
    containers: [{ name: '_app', ports, checks, sample }],
    readinessChecks: readinessOf(definition, ports, healthScale),
    dependencies: listOf(definition['dependencies']).filter((id) => typeof id === 'string'),
    instances: numberOf(definition['instances'], 1),
    backoffMs: numberOf(definition['backoffSeconds'], 1) * 1000,
    backoffFactor: numberOf(definition['backoffFactor'], 1.15),
    maxLaunchDelayMs: numberOf(definition['maxLaunchDelaySeconds'], 300) * 1000,
    killGraceMs: seconds(definition['taskKillGracePeriodSeconds']),
    oldestFirst: definition['killSelection'] === 'OLDEST_FIRST',
  };
}

export function podSpec(definition: Json, configVersion: string, healthScale: number): RunSpec {
  const [network] = listOf(definition['networks']).filter(isObject);
  const scheduling = objectOf(definition['scheduling']);
  const backoff = objectOf(scheduling['backoff']);
  const containers = listOf(definition['containers']).map(objectOf);
  const grace = containers.map((container) => objectOf(container['lifecycle'])['killGracePeriodSeconds']);
  return {
    kind: 'pod',
    ...common(definition, configVersion, objectOf(scheduling['upgrade']), scheduling['unreachableStrategy']),
    ...networkOf(network),
    containers: containers.map((container) => podContainer(container, definition, healthScale)),
    readinessChecks: [],
    dependencies: [],
    instances: numberOf(objectOf(definition['scaling'])['instances'], 1),
    backoffMs: numberOf(backoff['backoff'], 1) * 1000,
    backoffFactor: numberOf(backoff['backoffFactor'], 1.15),
    maxLaunchDelayMs: numberOf(backoff['maxLaunchDelay'], 300) * 1000,
    killGraceMs: seconds(grace.find((value) => typeof value === 'number')),
    oldestFirst: scheduling['killSelection'] === 'OLDEST_FIRST',
  };
}

function readinessOf(
  definition: Json,
  ports: readonly PortSpec[],
  scale: number,
): readonly ReadinessCheckSpec[] {
  return listOf(definition['readinessChecks']).map((item) => {
    const check = objectOf(item);
    const portName = stringOf(check['portName'], 'http-api');
    const statuses = listOf(check['httpStatusCodesForReady']).filter((code) => typeof code === 'number');
    return {
      name: stringOf(check['name'], 'readinessCheck'),
      path: stringOf(check['path'], '/'),
      portIndex: Math.max(
        0,
        ports.findIndex(({ name }) => name === portName),
      ),
      intervalMs: numberOf(check['intervalSeconds'], 30) * 1000 * scale,
      timeoutMs: numberOf(check['timeoutSeconds'], 10) * 1000 * scale,
      okStatuses: statuses.length === 0 ? [200] : statuses,
    };
  });
}

function common(definition: Json, configVersion: string, upgrade: Json, unreachable: unknown) {
  const strategy = objectOf(unreachable);
  const disabled = unreachable === 'disabled';
  return {
    id: stringOf(definition['id']),
    version: stringOf(definition['version']),
    configVersion,
    minimumHealthCapacity: numberOf(upgrade['minimumHealthCapacity'], 1),
    maximumOverCapacity: numberOf(upgrade['maximumOverCapacity'], 1),
    inactiveAfterMs: disabled ? forever : numberOf(strategy['inactiveAfterSeconds'], 0) * 1000,
    expungeAfterMs: disabled ? forever : numberOf(strategy['expungeAfterSeconds'], 0) * 1000,
    definition,
  };
}

function networkOf(network: Json | undefined): { networkMode: NetworkMode; networkName: string | undefined } {
  const mode = network === undefined ? 'host' : stringOf(network['mode'], 'container');
  const name = network?.['name'];
  return {
    networkMode: mode === 'host' ? 'host' : mode === 'container/bridge' ? 'bridge' : 'container',
    networkName: typeof name === 'string' ? name : undefined,
  };
}

function portsOf(definition: Json): readonly PortSpec[] {
  const definitions = definition['portDefinitions'];
  if (Array.isArray(definitions)) {
    const fixed = definition['requirePorts'] === true;
    return listOf(definitions).map((item) => {
      const { port, protocol, name } = objectOf(item);
      const servicePort = numberOf(port, 0);
      // [marathon] requirePorts: the service port is the host port as well.
      return portSpec(undefined, fixed ? servicePort : 0, servicePort, protocol, name);
    });
  }
  return listOf(objectOf(definition['container'])['portMappings']).map((item) => {
    const { containerPort, hostPort, servicePort, protocol, name } = objectOf(item);
    return portSpec(numberOf(containerPort, 0), hostPort, numberOf(servicePort, 0), protocol, name);
  });
}

function portSpec(
  containerPort: number | undefined,
  hostPort: unknown,
  servicePort: number,
  protocol: unknown,
  name: unknown,
): PortSpec {
  return {
    containerPort,
    hostPort: optionalNumber(hostPort),
    servicePort,
    protocol: stringOf(protocol, 'tcp'),
    name: typeof name === 'string' ? name : undefined,
  };
}

function checkOf(check: Json, scale: number): HealthCheckSpec {
  const protocol = stringOf(check['protocol'], 'HTTP');
  const plain = protocol.replace('MESOS_', '').toLowerCase();
  const scaled = (key: string, fallback: number): number => numberOf(check[key], fallback) * 1000 * scale;
  return {
    mesos: protocol !== plain.toUpperCase() || protocol === 'COMMAND',
    kind: plain === 'https' || plain === 'tcp' || plain === 'command' ? plain : 'http',
    path: stringOf(check['path'], '/'),
    portIndex: numberOf(check['portIndex'], 0),
    port: optionalNumber(check['port']),
    graceMs: scaled('gracePeriodSeconds', 300),
    intervalMs: scaled('intervalSeconds', 60),
    timeoutMs: Math.max(50, scaled('timeoutSeconds', 20)),
    delayMs: scaled('delaySeconds', 15),
    maxConsecutiveFailures: numberOf(check['maxConsecutiveFailures'], 3),
    definition: check,
  };
}

const sampleKinds = ['http', 'https', 'tcp-echo', 'none'] as const;

/** The env decides what the sample does, else labels of the same names. */
function sampleOf(definition: Json): SampleSpec {
  const words: Record<string, string> = {
    ...stringMapOf(definition['labels']),
    ...stringMapOf(definition['env'] ?? definition['environment']),
  };
  const number = (key: string): number | undefined => {
    const value = Number(words[key] ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  return {
    kind: sampleKinds.find((kind) => kind === words['SAMPLE']) ?? 'http',
    delayMs: number('SAMPLE_DELAY_MS') ?? 0,
    bootMs: number('SAMPLE_BOOT_MS') ?? 0,
    stopMs: number('SAMPLE_STOP_MS'),
  };
}

function podContainer(container: Json, pod: Json, healthScale: number): ContainerSpec {
  const endpoints = listOf(container['endpoints']).map(objectOf);
  const check = container['healthCheck'];
  const ports = endpoints.map(({ containerPort, hostPort, protocol, name }) =>
    portSpec(optionalNumber(containerPort), hostPort, 0, listOf(protocol)[0], name),
  );
  const env = { ...stringMapOf(pod['environment']), ...stringMapOf(container['environment']) };
  return {
    name: stringOf(container['name'], 'main'),
    ports,
    checks: isObject(check) ? [podCheck(check, endpoints, healthScale)] : [],
    sample: sampleOf({ labels: pod['labels'], env }),
  };
}

/** A pod's check as the executor's check of an app would be written. */
function podCheck(check: Json, endpoints: readonly Json[], scale: number): HealthCheckSpec {
  const http = objectOf(check['http']);
  const named = http['endpoint'] ?? objectOf(check['tcp'])['endpoint'];
  const portIndex = Math.max(
    0,
    endpoints.findIndex((endpoint) => endpoint['name'] === named),
  );
  const protocol = isObject(check['http'])
    ? stringOf(http['scheme'], 'HTTP')
    : check['tcp']
      ? 'TCP'
      : 'COMMAND';
  const asApp = { delaySeconds: 0, ...check, protocol: `MESOS_${protocol}`, path: http['path'], portIndex };
  return { ...checkOf(asApp, scale), definition: check };
}

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' ? value * 1000 : undefined;
}
