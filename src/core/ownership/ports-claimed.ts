/** Decides which service has the listener on a service port, if several claim it. */
import { portClaim } from '../services/claims.ts';
import { type Precedence } from './precedence.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { ServiceDefinition } from '../model/service.ts';

/** The services that do not get the port they claim → the service that has it. */
export function portLosers(
  definitions: readonly ServiceDefinition[],
  order: Precedence,
): { losers: ReadonlyMap<ServiceDefinition, ServiceDefinition>; contested: readonly ServiceDefinition[] } {
  const byPort = new Map<number, ServiceDefinition[]>();
  for (const definition of definitions) {
    if (!definition.listens) continue;
    const others = byPort.get(definition.servicePort);
    if (others === undefined) byPort.set(definition.servicePort, [definition]);
    else others.push(definition);
  }
  const losers = new Map<ServiceDefinition, ServiceDefinition>();
  const contested: ServiceDefinition[] = [];
  for (const claimants of byPort.values()) {
    if (claimants.length === 1) continue;
    contested.push(...claimants);
    const granted = new Set<ServiceDefinition>();
    for (const definition of [...claimants].sort((a, b) => order.compare(a, b, portClaim)))
      if (![...granted].some((other) => collide(definition, other))) granted.add(definition);
    for (const definition of claimants) {
      // Several services may be in its way, on other addresses: the first one is named.
      const owner = claimants.find((other) => granted.has(other) && collide(definition, other));
      if (owner !== undefined && !granted.has(definition)) losers.set(definition, owner);
    }
  }
  return { losers, contested };
}

/** Whether two listeners on one port conflict in their addresses. */
function collide(a: ServiceDefinition, b: ServiceDefinition): boolean {
  const everywhere = (address: string) => address === '*' || address === '::' || address === '0.0.0.0';
  return a.bindAddress === b.bindAddress || everywhere(a.bindAddress) || everywhere(b.bindAddress);
}

/** The diagnostic for a service that does not get its port. */
export function portTaken(
  { appId, portIndex, servicePort }: ServiceDefinition,
  owner: ServiceDefinition,
): Diagnostic {
  return {
    code: 'PORT_CONFLICT',
    severity: 'error',
    appId,
    portIndex,
    reason: `service port ${servicePort} belongs to ${owner.appId} port ${owner.portIndex}`,
    remedy: `choose another one with HAPROXY_${portIndex}_PORT`,
  };
}
