/** One app derived: its services with their servers, the reason for everything, the diagnostics. */
import { defineServices, type AppDefinition, type DefinitionContext } from './definition.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { App } from './model.ts';
import { keepSame } from './same.ts';
import { deriveServers, type ServerContext, type TaskDecision } from './servers.ts';
import type { Service } from './service.ts';

export type ModelContext = DefinitionContext & ServerContext;

export interface PortOutcome {
  readonly portIndex: number;
  readonly service: Service | undefined;
  /** Why there is no service; '' where there is one. */
  readonly reason: string;
  readonly tasks: readonly TaskDecision[];
}

export interface AppServices {
  readonly app: App;
  readonly definition: AppDefinition;
  readonly ports: readonly PortOutcome[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Keeps whatever did not change identical to `previous`, so that comparison may start with `===`. */
export function deriveApp(app: App, context: ModelContext, previous: AppServices | undefined): AppServices {
  const definition =
    previous !== undefined && sameDefinition(previous.app, app)
      ? previous.definition
      : defineServices(app, context, previous?.definition);
  const ports = definition.ports.map((port): PortOutcome => {
    const { portIndex } = port;
    if (port.kind !== 'exposed') return { portIndex, service: undefined, reason: port.reason, tasks: [] };
    const { servers, tasks } = deriveServers(app, portIndex, context);
    const before = previous?.ports[portIndex]?.service;
    const kept = before === undefined ? servers : keepServers(before.servers, servers);
    const service =
      before?.definition === port.definition && before.servers === kept
        ? before
        : { definition: port.definition, servers: kept };
    return { portIndex, service, reason: '', tasks };
  });
  return { app, definition, ports, diagnostics: definition.diagnostics };
}

/** True where nothing that a definition is made from differs. */
function sameDefinition(a: App, b: App): boolean {
  return (
    a.id === b.id &&
    a.networkMode === b.networkMode &&
    a.labels === b.labels &&
    a.ports === b.ports &&
    a.healthChecks === b.healthChecks
  );
}

function keepServers(before: Service['servers'], after: Service['servers']): Service['servers'] {
  const byName = new Map(before.map((server) => [server.name, server]));
  const kept = after.map((server) => keepSame(byName.get(server.name), server));
  return kept.length === before.length && kept.every((server, i) => server === before[i]) ? before : kept;
}
