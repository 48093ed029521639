/** The services that rules lead to and not maps: those with templates of their own, and who shares a host with them. */
import { byCodePoint, type BackendName } from '../model/ids.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';
import type { RuleLines, ServiceRules } from '../model/replaced.ts';
import { plainRules } from '../templates/rules.ts';

/** What leads to a service that is not in the maps. */
export interface RouteRule extends ServiceRules {
  readonly weight: number;
  readonly backend: BackendName;
}

export interface AppIdRule extends RuleLines {
  readonly backend: BackendName;
}

/** As maps would be tried: by weight, exact hosts before wildcards, the longest path first; then by app id and port. */
function inOrder(a: ServiceDefinition, b: ServiceDefinition): number {
  return (
    b.weight - a.weight ||
    Number(onlyWildcards(a)) - Number(onlyWildcards(b)) ||
    longestPath(b) - longestPath(a) ||
    byCodePoint(a.appId, b.appId) ||
    a.portIndex - b.portIndex
  );
}

const onlyWildcards = ({ vhosts }: ServiceDefinition): boolean =>
  vhosts.every((host) => host.startsWith('*.'));
const longestPath = ({ path }: ServiceDefinition): number =>
  Math.max(0, ...(path?.paths ?? []).map((text) => text.length));

const plain = new WeakMap<ServiceDefinition, ServiceRules>();

function rulesOf(definition: ServiceDefinition): ServiceRules {
  const rules = definition.fragments?.rules ?? plain.get(definition) ?? plainRules(definition);
  plain.set(definition, rules);
  return rules;
}

/**
 * The definitions that rules lead to. A service of the same host and weight must be among them: in the maps it
 * would come before all rules, or behind them, whatever its path.
 */
export function ruledServices(services: readonly Service[]): ReadonlySet<ServiceDefinition> {
  const ruled = new Set<ServiceDefinition>();
  const claimed = new Set<string>();
  const add = (definition: ServiceDefinition) => {
    ruled.add(definition);
    for (const host of definition.vhosts) claimed.add(`${definition.weight} ${host}`);
  };
  for (const { definition } of services) if (definition.fragments?.rules !== undefined) add(definition);
  for (let before = 0; before !== ruled.size;) {
    before = ruled.size;
    for (const { definition } of services) {
      const shares = definition.vhosts.some((host) => claimed.has(`${definition.weight} ${host}`));
      if (shares && !ruled.has(definition)) add(definition);
    }
  }
  return ruled;
}

export function routeRules(ruled: ReadonlySet<ServiceDefinition>): RouteRule[] {
  return [...ruled].sort(inOrder).map((definition) => ({
    weight: definition.weight,
    backend: definition.backend,
    ...rulesOf(definition),
  }));
}
