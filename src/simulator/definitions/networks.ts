/** Networks and ports of a definition, old shapes and new, in the one shape that Marathon has written since 1.5. */
import { compact, isObject, listOf, numberOf, objectOf, stringMapOf, stringOf, type Json } from './json.ts';
import type { NetworkMode } from './spec.ts';

export interface NetworkPart {
  readonly mode: NetworkMode;
  readonly networks: readonly Json[];
  readonly container: Json | undefined;
  readonly portDefinitions: readonly Json[] | undefined;
}

const modes: Readonly<Record<string, NetworkMode>> = {
  host: 'host',
  'container/bridge': 'bridge',
  container: 'container',
};

/** What Docker's network used to be called in container.docker.network. */
const oldModes: Readonly<Record<string, NetworkMode>> = { HOST: 'host', BRIDGE: 'bridge', USER: 'container' };

export function networkPart(app: Json): NetworkPart {
  const { mode, networks } = networksOf(app);
  const portMappings = mode === 'host' ? undefined : portMappingsOf(app, mode);
  return {
    mode,
    networks,
    container: containerOf(app, portMappings),
    portDefinitions: mode === 'host' ? portDefinitionsOf(app) : undefined,
  };
}

function networksOf(app: Json): { mode: NetworkMode; networks: readonly Json[] } {
  const given = listOf(app['networks']).filter(isObject);
  const [first] = given;
  if (first) {
    // [marathon] A network without a mode is a container network.
    const networks = given.map((network) => ({ ...network, mode: stringOf(network['mode'], 'container') }));
    return { mode: modes[stringOf(first['mode'], 'container')] ?? 'container', networks };
  }
  const docker = objectOf(objectOf(app['container'])['docker']);
  const mode = isObject(app['ipAddress']) ? 'container' : (oldModes[stringOf(docker['network'])] ?? 'host');
  const name = stringOf(objectOf(app['ipAddress'])['networkName'], 'default');
  if (mode === 'container') return { mode, networks: [{ mode, name }] };
  return { mode, networks: [{ mode: mode === 'bridge' ? 'container/bridge' : mode }] };
}

function portMappingsOf(app: Json, mode: NetworkMode): readonly Json[] {
  const container = objectOf(app['container']);
  const given = container['portMappings'] ?? objectOf(container['docker'])['portMappings'];
  const mappings = Array.isArray(given) ? listOf(given) : oldPorts(app, mode);
  return mappings.map((mapping) => portMapping(objectOf(mapping), mode));
}

/** [marathon] Without any port a bridged app gets one; an app with an address of its own gets what it announces. */
function oldPorts(app: Json, mode: NetworkMode): readonly unknown[] {
  const discovery = objectOf(objectOf(app['ipAddress'])['discovery']);
  if (Array.isArray(discovery['ports'])) {
    return listOf(discovery['ports']).map((port) => {
      const { number, name, protocol } = objectOf(port);
      return { containerPort: number, name, protocol };
    });
  }
  return mode === 'bridge' ? [{ containerPort: 0, name: 'default' }] : [];
}

function portMapping(mapping: Json, mode: NetworkMode): Json {
  const hostPort = mapping['hostPort'] ?? undefined;
  return compact({
    containerPort: numberOf(mapping['containerPort'], 0),
    // [marathon] Bridged containers always have a host port; 0 asks for any.
    hostPort: mode === 'bridge' || hostPort !== undefined ? numberOf(hostPort, 0) : undefined,
    labels: stringMapOf(mapping['labels']),
    name: mapping['name'],
    protocol: stringOf(mapping['protocol'], 'tcp'),
    servicePort: numberOf(mapping['servicePort'], 0),
    networkNames: mapping['networkNames'],
  });
}

function containerOf(app: Json, portMappings: readonly Json[] | undefined): Json | undefined {
  if (!isObject(app['container'])) {
    return portMappings && portMappings.length > 0 ? { type: 'MESOS', volumes: [], portMappings } : undefined;
  }
  const { docker, portMappings: _old, ...rest } = app['container'];
  return compact({
    ...rest,
    type: stringOf(rest['type'], 'DOCKER'),
    volumes: listOf(rest['volumes']),
    docker: isObject(docker) ? dockerOf(docker) : undefined,
    portMappings,
  });
}

function dockerOf(docker: Json): Json {
  const { network: _network, portMappings: _portMappings, ...rest } = docker;
  return compact({ forcePullImage: false, parameters: [], privileged: false, ...rest });
}

function portDefinitionsOf(app: Json): readonly Json[] {
  const ports = listOf(app['ports']).map((port) => ({ port }));
  const given = Array.isArray(app['portDefinitions']) ? listOf(app['portDefinitions']) : ports;
  const some = app['portDefinitions'] || app['ports'] ? given : [{ port: 0, name: 'default' }];
  return some.map((definition) => {
    const { port, labels, name, protocol } = objectOf(definition);
    const labelled = labels === undefined ? undefined : stringMapOf(labels);
    const known = { port: numberOf(port, 0), labels: labelled, name, protocol: stringOf(protocol, 'tcp') };
    return compact(known);
  });
}
