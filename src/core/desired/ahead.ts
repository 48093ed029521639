/**
 * What can be served before a reload that others need, or that a service's own listener needs: new services by host,
 * path and app id; those that changed as they were. Nobody has a route that the whole would not give it.
 */
import { precedence } from '../ownership/precedence.ts';
import type { BackendName } from '../model/ids.ts';
import type { Service } from '../model/service.ts';
import { nextRoutes } from '../routing/next-routes.ts';
import type { Routes } from '../routing/routes.ts';
import { withoutListener } from '../services/narrowed.ts';
import { withDefinition } from '../services/with-definition.ts';
import type { Desired } from './desired.ts';

/**
 * @param homeless those that have no backend before the reload
 * @returns undefined where nothing new can be served
 */
export function aheadOf(
  whole: Desired,
  served: Desired,
  homeless: ReadonlySet<BackendName> = new Set(),
): Desired | undefined {
  // What the text of the configuration has beside profiles stays until the reload.
  for (const [backend, { definition }] of served.services)
    if (!whole.services.has(backend) && (definition.listens || !definition.hasProfile)) return undefined;
  const services = new Map<BackendName, Service>();
  for (const [backend, service] of whole.services) {
    const before = served.services.get(backend);
    const { definition } = service;
    if (before === undefined) {
      if (!definition.hasProfile || homeless.has(backend)) continue;
      services.set(
        backend,
        definition.listens ? withDefinition(service, withoutListener(definition)) : service,
      );
    } else if (before.definition.appId !== definition.appId) return undefined;
    else
      services.set(
        backend,
        before.definition === definition ? service : withDefinition(service, before.definition),
      );
  }
  const order = precedence(whole.owners, whole.apps, whole.groups);
  const made = nextRoutes(undefined, [...services.values()], order, whole.reserved);
  const [now, before] = [entriesOf(made.routes), new Set(entriesOf(served.routes))];
  if (now.every((entry) => before.has(entry))) return undefined;
  const later = new Set(entriesOf(whole.routes));
  if (!now.every((entry) => before.has(entry) || later.has(entry))) return undefined;
  return { ...whole, services, routes: made.routes, claims: made.winners };
}

const entriesOf = ({ tables, appIds }: Routes): string[] => [
  ...tables.flatMap(({ kind, weight, entries }) =>
    entries.map(({ key, backend }) => `${kind} ${weight} ${key} ${backend}`),
  ),
  ...appIds.map(({ key, backend }) => `app ${key} ${backend}`),
];
