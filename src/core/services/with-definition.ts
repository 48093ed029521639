/** A service with another definition than its own: an earlier version of it, which serves on with the servers of now. */
import { serversOf, tasksOf } from '../templates/own-servers.ts';
import type { Server, Service, ServiceDefinition } from '../model/service.ts';

const made = new WeakMap<Service, Service>();

/** The same one for the same arguments, so that what did not change keeps its identity. */
export function withDefinition(service: Service, definition: ServiceDefinition): Service {
  const known = made.get(service);
  if (known?.definition === definition) return known;
  const next =
    service.definition.fragments?.own === definition.fragments?.own
      ? { ...service, definition }
      : withServers(definition, tasksOf(service));
  made.set(service, next);
  return next;
}

/** The service of a definition. @param tasks one server for each task */
export const withServers = (definition: ServiceDefinition, tasks: readonly Server[]): Service =>
  definition.fragments?.own === undefined
    ? { definition, servers: tasks }
    : { definition, servers: serversOf(definition, tasks), taskServers: tasks };
