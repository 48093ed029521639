/** The apps of one deployment group, derived together: the services stand with the app whose labels count. */
import { keepService, withMore, type AppServices, type PortOutcome } from './app-services.ts';
import type { AppDefinition, PortDefinition } from './definition.ts';
import { byAge, crowded, drainedTasks, type Member, type Standing } from './deployment.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { AppId, TaskId } from './ids.ts';
import type { App } from './model.ts';
import { ruleFor } from './policy.ts';
import { tooManyServers } from './policy-violations.ts';
import { candidateOf, deriveServers, type Drained, type ServerContext } from './servers.ts';

export interface GroupMember extends Member {
  readonly definition: AppDefinition;
  readonly previous: AppServices | undefined;
}

export function deriveGroup(members: readonly GroupMember[], context: ServerContext): AppServices[] {
  const [old, fresh, ...others] = [...members].sort(byAge);
  if (old === undefined) return [];
  const pair = fresh === undefined ? [old] : [old, fresh];
  const drained = fresh === undefined ? undefined : drainedOf(old, fresh, context);
  const outcomes = new Map<AppId, PortOutcome[]>(pair.map(({ app }) => [app.id, []]));
  const apps = pair.map(({ app }) => app);
  const crowdedPorts = new Map<AppId, Diagnostic[]>();
  const count = Math.max(...pair.map(({ definition }) => definition.ports.length));
  for (let index = 0; index < count; index++) {
    const leader = leaderOf(old, fresh, index);
    const port = leader.definition.ports[index];
    const limit = ruleFor(leader.definition.policy, leader.app.id, 'maxServers');
    const result =
      port?.kind === 'exposed'
        ? deriveServers(apps, port.definition, context, { drained, limit })
        : undefined;
    if (result?.beyond === true && limit !== undefined) {
      const about = { appId: leader.app.id, portIndex: index };
      crowdedPorts.set(leader.app.id, [
        ...(crowdedPorts.get(leader.app.id) ?? []),
        tooManyServers(about, limit),
      ]);
    }
    for (const { app, definition } of pair) {
      if (definition.ports[index] === undefined) continue;
      const own = new Set(app.tasks.map(({ id }) => id));
      const tasks = (result?.tasks ?? []).filter(({ taskId }) => own.has(taskId));
      const isLeader = app === leader.app;
      const service =
        isLeader && port?.kind === 'exposed' && result !== undefined
          ? keepService(serviceBefore(pair, index), port.definition, result.servers)
          : undefined;
      const reason = service === undefined ? whyNoService(port, leader, isLeader) : '';
      outcomes.get(app.id)?.push({ portIndex: index, service, reason, tasks });
    }
  }
  return [
    ...pair.map((member) =>
      servicesOf(member, outcomes.get(member.app.id) ?? [], crowdedPorts.get(member.app.id) ?? []),
    ),
    ...others.map((member) => leftOut(member, pair)),
  ];
}

/** The old app's labels count; where its port is held back for a mistake, the new app's do. */
function leaderOf(old: GroupMember, fresh: GroupMember | undefined, index: number): GroupMember {
  const held = old.definition.ports[index]?.kind === 'held';
  return held && fresh?.definition.ports[index]?.kind === 'exposed' ? fresh : old;
}

function serviceBefore(pair: readonly GroupMember[], index: number) {
  return pair.flatMap(({ previous }) => previous?.ports[index]?.service ?? [])[0];
}

function whyNoService(
  port: PortDefinition | undefined,
  { app, deployment }: GroupMember,
  own: boolean,
): string {
  if (port?.kind === 'exposed') return `served with ${app.id}, as deployment group ${deployment.group}`;
  if (port === undefined) return `${app.id} of the same deployment group has no port with this index`;
  return own ? port.reason : `${app.id} of the same deployment group decides: ${port.reason}`;
}

function drainedOf(old: GroupMember, fresh: GroupMember, context: ServerContext): Drained {
  const exposed = old.definition.ports.flatMap(({ portIndex }) =>
    leaderOf(old, fresh, portIndex).definition.ports[portIndex]?.kind === 'exposed' ? [portIndex] : [],
  );
  // What replaces another has to be known to be healthy, whatever is asked of servers otherwise.
  const strict = { ...context, health: { ...context.health, respectHealth: true } };
  const standings = new Map<TaskId, Standing>();
  const judge = (app: App, how: ServerContext) => {
    for (const task of app.tasks) {
      const found = exposed.map((index) => candidateOf(app, task, index, how));
      const isOut = found.length === 0 || found.some((it) => typeof it === 'string');
      const isLeaving = found.some((it) => typeof it !== 'string' && it.leaving !== undefined);
      standings.set(task.id, isOut ? 'out' : isLeaving ? 'leaving' : 'serving');
    }
  };
  judge(old.app, context);
  judge(fresh.app, strict);
  return {
    tasks: drainedTasks(old, fresh, (id) => standings.get(id) ?? 'out'),
    reason: `drained for a healthy task of ${fresh.app.id}`,
  };
}

function servicesOf(
  { app, definition, previous }: GroupMember,
  ports: readonly PortOutcome[],
  more: readonly Diagnostic[],
): AppServices {
  return { app, definition, ports, diagnostics: withMore(definition, more, previous) };
}

function leftOut(member: GroupMember, pair: readonly GroupMember[]): AppServices {
  const { app, definition, deployment } = member;
  const reason = `the deployment group ${deployment.group} has two apps already`;
  const ports = definition.ports.map(({ portIndex }): PortOutcome => ({
    portIndex,
    service: undefined,
    reason,
    tasks: [],
  }));
  return { app, definition, ports, diagnostics: [...definition.diagnostics, crowded(member, pair)] };
}
