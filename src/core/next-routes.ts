/** Routes that stay the same object where no definition has changed in what routes are made of. */
import type { Diagnostic } from './diagnostic.ts';
import { deriveRoutes, type Routes } from './routes.ts';
import { sameValue } from './same.ts';
import type { Service, ServiceDefinition } from './service.ts';

interface Made {
  readonly of: readonly Service[];
  readonly diagnostics: readonly Diagnostic[];
}

const made = new WeakMap<Routes, Made>();

/** @param services in the order of their claim */
export function nextRoutes(
  previous: Routes | undefined,
  services: readonly Service[],
): { routes: Routes; diagnostics: readonly Diagnostic[] } {
  const known = previous && made.get(previous);
  if (previous !== undefined && known !== undefined && sameClaims(known.of, services)) {
    made.set(previous, { ...known, of: services });
    return { routes: previous, diagnostics: known.diagnostics };
  }
  const { routes, diagnostics } = deriveRoutes(services);
  made.set(routes, { of: services, diagnostics });
  return { routes, diagnostics };
}

const sameClaims = (before: readonly Service[], now: readonly Service[]): boolean =>
  before.length === now.length &&
  before.every(({ definition }, i) => {
    const next = now[i]?.definition;
    return definition === next || (next !== undefined && sameValue(claimOf(definition), claimOf(next)));
  });

/** What no route and no diagnostic of one is made of; of fragments only the rules are. */
const beside: ReadonlySet<string> = new Set<keyof ServiceDefinition>([
  ...(['balance', 'check', 'sticky', 'slots', 'hsts', 'rewrite', 'shaped', 'fragments'] as const),
]);

function claimOf(definition: ServiceDefinition): unknown {
  const { rules, appIdRule } = definition.fragments ?? {};
  const claim = Object.entries(definition).filter(([field]) => !beside.has(field));
  return { ...Object.fromEntries(claim), rules, appIdRule };
}
