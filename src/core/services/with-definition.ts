/** A service with another definition than its own: an earlier version of it, which serves on with the servers of now. */
import type { Service, ServiceDefinition } from '../model/service.ts';

const made = new WeakMap<Service, Service>();

/** The same one for the same arguments, so that what did not change keeps its identity. */
export function withDefinition(service: Service, definition: ServiceDefinition): Service {
  const known = made.get(service);
  if (known?.definition === definition) return known;
  const next = { definition, servers: service.servers };
  made.set(service, next);
  return next;
}
