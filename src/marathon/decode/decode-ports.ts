/**
 * The network mode and the exposed ports of an app, from the shapes of both generations of the API.
 * It must not know labels or tasks.
 * [marathon] docs/upgrade/network-api-migration.md; core/instance/NetworkInfo.scala computePortAssignments
 */
import type { NetworkMode, PortMapping } from '../../core/model/model.ts';
import type { RawApp, RawPortDefinition, RawPortMapping } from './raw.ts';

export function networkModeOf(app: RawApp): NetworkMode {
  const [network] = app.networks ?? [];
  if (network !== undefined) {
    const mode = network.mode?.toLowerCase() ?? 'container';
    return mode === 'host' ? 'host' : mode === 'container/bridge' ? 'bridge' : 'container';
  }
  // [marathon] 1.4 and older: an address for each task wins over Docker's network, which is then HOST or USER.
  if (app.ipAddress !== undefined && app.ipAddress !== null) return 'container';
  switch (app.container?.docker?.network?.toUpperCase()) {
    case 'BRIDGE':
      return 'bridge';
    case 'USER':
    case 'NONE':
      return 'container';
    default:
      return 'host';
  }
}

export function portsOf(app: RawApp, mode: NetworkMode): PortMapping[] {
  const definitions = portDefinitionsOf(app);
  if (mode === 'host') return definitions.map(hostPort);
  const mappings = mappingsOf(app);
  if (mappings !== undefined) {
    return mappings.map((mapping, index) => ({
      ...mappedPort(mapping, mode, definitions[index]),
      ...addressOf(mapping, app.networks ?? []),
    }));
  }
  if (mode === 'bridge') return definitions.map(hostPort);
  return (app.ipAddress?.discovery?.ports ?? []).map((port) => ({
    containerPort: port.number,
    hasHostPort: false,
    // [marathon] 1.4 and older gave no service ports to apps with an address for each task.
    servicePort: undefined,
    protocol: protocolOf(port.protocol),
    name: port.name ?? undefined,
  }));
}

/** 1.5 and later keep the mappings in the container, older ones under Docker; an empty list is no list. */
function mappingsOf(app: RawApp): readonly RawPortMapping[] | undefined {
  const { container } = app;
  if (container?.portMappings != null && container.portMappings.length > 0) return container.portMappings;
  const docker = container?.docker?.portMappings;
  return docker != null && docker.length > 0 ? docker : undefined;
}

/** `ports` holds the service ports in 1.4 and older, beside `portDefinitions` or instead of them. */
function portDefinitionsOf(app: RawApp): readonly RawPortDefinition[] {
  const definitions = app.portDefinitions ?? [];
  const ports = app.ports ?? [];
  if (definitions.length === 0) return ports.map((port) => ({ port }));
  return definitions.map((definition, index) =>
    assigned(definition.port) === undefined ? { ...definition, port: ports[index] ?? null } : definition,
  );
}

function hostPort(definition: RawPortDefinition): PortMapping {
  return {
    containerPort: undefined,
    hasHostPort: true,
    servicePort: assigned(definition.port),
    protocol: protocolOf(definition.protocol),
    name: definition.name ?? undefined,
  };
}

function mappedPort(
  mapping: RawPortMapping,
  mode: NetworkMode,
  definition: RawPortDefinition | undefined,
): PortMapping {
  return {
    containerPort: mapping.containerPort ?? 0,
    // [marathon] bridge networking always allocates one: an absent hostPort is normalised to 0.
    hasHostPort: mode === 'bridge' || (mapping.hostPort !== undefined && mapping.hostPort !== null),
    servicePort: assigned(mapping.servicePort) ?? assigned(definition?.port),
    protocol: protocolOf(mapping.protocol),
    name: mapping.name ?? undefined,
  };
}

/**
 * With several networks a mapping may name those it is for. Tasks name an address for each network, in the order
 * of the networks, and not whose it is.
 */
function addressOf(
  { networkNames }: RawPortMapping,
  networks: NonNullable<RawApp['networks']>,
): { addressIndex?: number } {
  const [name] = networkNames ?? [];
  const index = name === undefined ? -1 : networks.findIndex((network) => network.name === name);
  return index > 0 ? { addressIndex: index } : {};
}

/** 0 asks Marathon for a service port; in an answer it means that none has been assigned. */
function assigned(port: number | null | undefined): number | undefined {
  return port === 0 || port === null ? undefined : port;
}

function protocolOf(text: string | null | undefined): PortMapping['protocol'] {
  const names = (text ?? 'tcp').toLowerCase().split(',');
  if (!names.includes('udp')) return 'tcp';
  return names.includes('tcp') ? 'udp,tcp' : 'udp';
}
