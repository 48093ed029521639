/** A definition without what it claims and another app has: it serves with what is left. */
import { withDefinition } from './with-definition.ts';
import { sameValue } from '../collections/same.ts';
import type { HostGuard, Service, ServiceDefinition } from '../model/service.ts';

const narrowed = new WeakMap<ServiceDefinition, ServiceDefinition>();
const asked = new WeakMap<ServiceDefinition, ServiceDefinition>();

/** The same without a listener on its service port; the same object each time. */
export function withoutListener(definition: ServiceDefinition): ServiceDefinition {
  const known = narrowed.get(definition);
  if (known !== undefined) return known;
  const made: ServiceDefinition = { ...definition, listens: false };
  narrowed.set(definition, made);
  asked.set(made, definition);
  return made;
}

const guarded = new WeakMap<ServiceDefinition, ServiceDefinition>();
const unguarded = new WeakMap<ServiceDefinition, ServiceDefinition>();

/** The same with what others on its hosts ask of requests for it; the same object for the same guards. */
export function withGuards(definition: ServiceDefinition, guards: readonly HostGuard[]): ServiceDefinition {
  // A definition that was read from a file may have guards of another day.
  if (guards.length === 0 && definition.guards === undefined) return definition;
  const known = guarded.get(definition);
  if (known !== undefined && sameGuards(known.guards ?? [], guards)) return known;
  // A condition on the host and a list of users are in no defaults section.
  const made: ServiceDefinition = {
    ...definition,
    guards,
    hasProfile: definition.hasProfile && guards.length === 0,
  };
  guarded.set(definition, made);
  unguarded.set(made, definition);
  asked.set(made, asAsked(definition));
  return made;
}

/** The same whatever others ask: a guard of another app does not make it another service. */
export const withoutGuards = (definition: ServiceDefinition): ServiceDefinition =>
  unguarded.get(definition) ?? definition;

const sameGuards = (a: readonly HostGuard[], b: readonly HostGuard[]): boolean =>
  a.length === b.length && a.every((it, i) => it.away === b[i]?.away && sameValue(it, b[i]));

/** What its app asks for, whatever of it is another's. */
export const asAsked = (definition: ServiceDefinition): ServiceDefinition =>
  asked.get(definition) ?? definition;

/** The newer state of a service, as it is served; undefined where it is not what is served. */
export function asServed(service: Service, served: Service): Service | undefined {
  if (served.definition === service.definition) return service;
  return asAsked(served.definition) === service.definition
    ? withDefinition(service, served.definition)
    : undefined;
}
