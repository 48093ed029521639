/** Marathon 1.4's shape of an app, made from the shape of today. */
import { listOf, numberOf, objectOf, stringOf, type Json } from './json.ts';

const dockerNetworks: Readonly<Record<string, string>> = { 'container/bridge': 'BRIDGE', host: 'HOST' };

/** container.docker.network and portMappings, `ports`, and `ipAddress` where a task has an address of its own. */
export function oldShape(definition: Json): Json {
  const { networks, container, portDefinitions, ...rest } = definition;
  const network = objectOf(listOf(networks)[0]);
  const mode = stringOf(network['mode'], 'container');
  const { portMappings, docker, ...containerRest } = objectOf(container);
  const mappings = listOf(portMappings).map(objectOf);
  const isDocker = docker !== undefined;
  const ownAddress = mode === 'container' && !isDocker;
  const servicePorts = Array.isArray(portDefinitions)
    ? listOf(portDefinitions).map((item) => numberOf(objectOf(item)['port'], 0))
    : mappings.map((mapping) => numberOf(mapping['servicePort'], 0));
  const dockerNetwork = dockerNetworks[mode] ?? 'USER';
  return {
    ...rest,
    ...(container === undefined
      ? {}
      : {
          container: {
            ...containerRest,
            docker: isDocker
              ? {
                  ...objectOf(docker),
                  network: dockerNetwork,
                  portMappings: mode === 'host' ? null : mappings,
                }
              : null,
          },
        }),
    // [marathon] An app with an address for each task announces its ports there, and has no service ports.
    ...(ownAddress ? { ipAddress: ipAddressOf(network, mappings) } : {}),
    ...(ownAddress
      ? {}
      : {
          ports: servicePorts,
          portDefinitions:
            portDefinitions ?? servicePorts.map((port) => ({ port, protocol: 'tcp', labels: {} })),
        }),
  };
}

function ipAddressOf(network: Json, mappings: readonly Json[]): Json {
  const ports = mappings.map(({ containerPort, name, protocol }) => ({
    number: containerPort,
    name: name ?? '',
    protocol,
  }));
  return { groups: [], labels: {}, discovery: { ports }, networkName: network['name'] ?? null };
}

/** [marathon] 1.4 writes null for what is not set. */
const nullable = [
  'cmd',
  'args',
  'user',
  'container',
  'ipAddress',
  'acceptedResourceRoles',
  'residency',
  'secrets',
  'taskKillGracePeriodSeconds',
];
const emptyLists = [
  'healthChecks',
  'readinessChecks',
  'constraints',
  'dependencies',
  'uris',
  'fetch',
  'storeUrls',
];

export function withNulls(app: Json): Json {
  return {
    ...Object.fromEntries(nullable.map((key) => [key, null])),
    ...Object.fromEntries(emptyLists.map((key) => [key, []])),
    ...app,
  };
}
