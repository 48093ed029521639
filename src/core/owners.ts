/** What is to be remembered of who serves what: the claims of a state that HAProxy serves. */
import { assignedOwners } from './assigned-ports.ts';
import { groupClaim, inGroupOrder, type Owners } from './claims.ts';
import { precedence } from './precedence.ts';
import type { Desired } from './desired.ts';
import type { AppId } from './ids.ts';

export function ownersOf({ claims, apps, groups, owners, assigned }: Desired): Owners {
  const { partiesOf } = precedence(owners, apps, groups);
  const found = new Map<string, ReadonlySet<AppId>>(assignedOwners(assigned));
  for (const [claim, definition] of claims) found.set(claim, new Set(partiesOf(definition)));
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
