/** What is remembered about who serves what: the claims in a state that HAProxy serves. */
import { assignedOwners } from '../services/assigned-ports.ts';
import { backendClaim, groupClaim, inGroupOrder, portClaim, type Owners } from '../services/claims.ts';
import type { Desired } from './desired.ts';
import type { AppId } from '../model/ids.ts';
import { precedence } from '../ownership/precedence.ts';
import type { ServiceDefinition } from '../model/service.ts';

type Served = Pick<Desired, 'claims' | 'services' | 'reserved' | 'apps' | 'groups' | 'owners'>;

/** Every claim, and the service that has it. A service that served before and is rejected now keeps its claims. */
export function claimsServed(desired: Served): Map<string, ServiceDefinition> {
  const { owns } = precedence(desired.owners, desired.apps, desired.groups);
  const found = new Map(desired.claims);
  for (const { definition } of desired.services.values()) {
    found.set(backendClaim(definition), definition);
    if (definition.listens) found.set(portClaim(definition), definition);
  }
  for (const definition of desired.reserved)
    for (const claim of [backendClaim(definition), portClaim(definition)])
      if (owns(definition, claim) && !found.has(claim)) found.set(claim, definition);
  return found;
}

/** The owners to remember for this state: claim → apps. */
export function ownersOf(desired: Desired): Owners {
  const { apps, groups, owners, assigned } = desired;
  const { partiesOf } = precedence(owners, apps, groups);
  const found = new Map<string, ReadonlySet<AppId>>(assignedOwners(assigned));
  for (const [claim, definition] of claimsServed(desired)) found.set(claim, new Set(partiesOf(definition)));
  for (const [group, members] of groups) {
    const inside = [...members].flatMap((id) => {
      const services = apps.get(id);
      return services === undefined || services.alone !== undefined ? [] : services.app;
    });
    const ids = inside.sort(inGroupOrder(group, owners)).map(({ id }) => id);
    if (ids.length > 0) found.set(groupClaim(group), new Set(ids));
  }
  return found;
}
