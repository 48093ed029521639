/** One app derived, or the apps of one deployment group: services with their servers, the reason for everything, the diagnostics. */
import { defineServices, type AppDefinition, type DefinitionContext } from './definition.ts';
import type { PortRange } from './assigned-ports.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { App } from '../model/model.ts';
import { ruleFor } from '../policy/policy.ts';
import { tooManyServers } from '../policy/policy-violations.ts';
import type { Place } from '../servers/addresses.ts';
import type { Owners } from './claims.ts';
import { keepSame, sameValue } from '../collections/same.ts';
import { withServers } from './with-definition.ts';
import { deriveServers, type ServerContext, type TaskDecision } from '../servers/servers.ts';
import type { Server, Service, ServiceDefinition } from '../model/service.ts';

export type ModelContext = DefinitionContext &
  ServerContext & {
    /** Where service ports come from that Marathon did not give. */
    readonly assignedPorts: PortRange;
    /** Who served what before, maybe before this daemon started. */
    readonly owners: () => Owners;
  };

export interface PortOutcome {
  readonly portIndex: number;
  readonly service: Service | undefined;
  /** Why there is no service; '' where there is one. */
  readonly reason: string;
  readonly tasks: readonly TaskDecision[];
}

export interface AppServices {
  readonly app: App;
  /** As its labels have it. */
  readonly definition: AppDefinition;
  /** What it is served by instead where the deployment group that it names is closed to it: as if it named none. */
  readonly alone?: AppDefinition | undefined;
  readonly ports: readonly PortOutcome[];
  readonly diagnostics: readonly Diagnostic[];
  /** Where its tasks answer. */
  readonly places?: readonly Place[];
  /** Why it could not be derived; it is as it was before, without the tasks that have ended. */
  readonly failure?: Diagnostic | undefined;
}

/** The definition kept where nothing that it is made from differs. */
export function defineApp(
  app: App,
  context: DefinitionContext,
  previous: AppServices | undefined,
): AppDefinition {
  return previous !== undefined && sameRules(previous.definition, context) && sameSource(previous, app)
    ? previous.definition
    : defineServices(app, context, previous?.definition);
}

/** The same for an app that its deployment group is closed to. */
export function defineAlone(
  app: App,
  context: DefinitionContext,
  previous: AppServices | undefined,
  refusal: Diagnostic,
): AppDefinition {
  const before = previous?.alone;
  const isSame =
    before !== undefined &&
    sameRules(before, context) &&
    sameSource(previous, app) &&
    before.diagnostics.some((it) => sameValue(it, refusal));
  return isSame ? before : defineServices(app, context, before, refusal);
}

const sameRules = ({ policy }: AppDefinition, { templates }: DefinitionContext): boolean =>
  policy === templates.policy();

/** An app that could not be derived is tried anew. */
const sameSource = (previous: AppServices | undefined, app: App): boolean =>
  previous !== undefined && previous.failure === undefined && sameDefinition(previous.app, app);

/** Keeps whatever did not change identical to `previous`, so that comparison may start with `===`. */
export function deriveApp(
  app: App,
  definition: AppDefinition,
  context: ServerContext,
  previous: AppServices | undefined,
): AppServices {
  const crowded: Diagnostic[] = [];
  const limit = ruleFor(definition.policy, app.id, 'maxServers');
  const ports = definition.ports.map((port): PortOutcome => {
    const { portIndex } = port;
    if (port.kind !== 'exposed') return { portIndex, service: undefined, reason: port.reason, tasks: [] };
    const { servers, tasks, beyond } = deriveServers([app], port.definition, context, { limit });
    if (beyond && limit !== undefined) crowded.push(tooManyServers({ appId: app.id, portIndex }, limit));
    const service = keepService(previous?.ports[portIndex]?.service, port.definition, servers);
    return { portIndex, service, reason: '', tasks };
  });
  return { app, definition, ports, diagnostics: withMore(definition, crowded, previous) };
}

/** The same list as before where it says the same: a change of servers alone is told by it. */
export function withMore(
  { diagnostics }: AppDefinition,
  more: readonly Diagnostic[],
  previous: AppServices | undefined,
): readonly Diagnostic[] {
  return more.length === 0 ? diagnostics : keepSame(previous?.diagnostics, [...diagnostics, ...more]);
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

/** The service before where it is the same, else with its servers kept that are. */
export function keepService(
  before: Service | undefined,
  definition: ServiceDefinition,
  tasks: readonly Server[],
): Service {
  const { servers, taskServers } = withServers(definition, tasks);
  if (taskServers !== undefined)
    return keepSame(before?.definition === definition ? before : undefined, {
      definition,
      servers,
      taskServers,
    });
  if (before === undefined) return { definition, servers };
  const byName = new Map(before.servers.map((server) => [server.name, server]));
  const kept = servers.map((server) => keepSame(byName.get(server.name), server));
  const same =
    kept.length === before.servers.length && kept.every((server, i) => server === before.servers[i]);
  if (same && before.definition === definition) return before;
  return { definition, servers: same ? before.servers : kept };
}
