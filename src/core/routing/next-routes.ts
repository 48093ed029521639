/** Routes that stay the same object where no definition has changed in what routes are made of. */
import type { Precedence } from '../ownership/precedence.ts';
import { deriveRoutes, type Reserved, type Routes, type RoutesMade } from './routes.ts';
import { keepSame, sameValue } from '../collections/same.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';

interface Made extends RoutesMade {
  readonly of: readonly Service[];
  readonly reserved: Reserved;
}

const made = new WeakMap<Routes, Made>();

/** @param services in the order of app id and port */
export function nextRoutes(
  previous: Routes | undefined,
  services: readonly Service[],
  order: Precedence,
  reserved: Reserved = [],
): RoutesMade {
  const known = previous && made.get(previous);
  const isSame = (it: Made) =>
    it.reserved.length + reserved.length === 0 && sameClaims(it.of, services) && sameWinners(it, order);
  if (known !== undefined && isSame(known)) {
    made.set(known.routes, { ...known, of: services });
    return known;
  }
  const found = deriveRoutes(services, order, reserved);
  const next = { ...found, routes: reserved.length === 0 ? found.routes : keepSame(previous, found.routes) };
  made.set(next.routes, { ...next, of: services, reserved });
  return next;
}

/** Whether who has what several want is still the same: the same claims may have come to another age. */
const sameWinners = ({ contested, winners }: Made, order: Precedence): boolean =>
  contested.every(({ claim, claimants, rank }) => {
    const winner = winners.get(claim);
    const others = claimants.filter((it) => it !== winner);
    return (
      winner !== undefined &&
      others.every((it) => (rank(winner, it) || order.compare(winner, it, () => claim)) < 0)
    );
  });

const sameClaims = (before: readonly Service[], now: readonly Service[]): boolean =>
  before.length === now.length &&
  before.every(({ definition }, i) => {
    const next = now[i]?.definition;
    return definition === next || (next !== undefined && sameValue(claimOf(definition), claimOf(next)));
  });

/** What no route and no diagnostic of one is made of; of fragments only the rules are. */
const beside: ReadonlySet<string> = new Set<keyof ServiceDefinition>([
  ...(['balance', 'check', 'sticky', 'slots', 'hsts', 'rewrite', 'hasProfile', 'fragments'] as const),
]);

function claimOf(definition: ServiceDefinition): unknown {
  const { rules, appIdRule } = definition.fragments ?? {};
  const claim = Object.entries(definition).filter(([field]) => !beside.has(field));
  return { ...Object.fromEntries(claim), rules, appIdRule };
}
