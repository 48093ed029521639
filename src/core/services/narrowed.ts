/** A definition without what it claims and another app has: it serves with what is left. */
import { withDefinition } from './with-definition.ts';
import type { Service, ServiceDefinition } from '../model/service.ts';

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
