/**
 * Brings the servers of services to what is desired over the runtime socket: reads what HAProxy has, does the
 * steps, reads back. Whatever is left over is somebody else's business: a reload.
 */
import { planServers } from '../core/server-plan.ts';
import type { RunningServer, ServerStep } from '../core/server-step.ts';
import type { BackendName } from '../core/ids.ts';
import type { Server, Service } from '../core/service.ts';
import type { RuntimeAccess } from '../haproxy/control.ts';
import { parseServersState } from '../haproxy/replies/servers-state.ts';
import type { RuntimeReply } from '../haproxy/runtime-command.ts';
import { closeSessions, commandsFor, type ServerLine } from '../haproxy/server-commands.ts';

export type RuntimeOutcome =
  | {
      readonly kind: 'done';
      /** Commands that changed something. */
      readonly commands: number;
      readonly steps: readonly ServerStep[];
      /** Servers that still have sessions and wait to be deleted. */
      readonly waiting: readonly WaitingServer[];
      /** Maps and certificates that were changed. */
      readonly files: readonly string[];
    }
  | { readonly kind: 'impossible'; readonly reason: string };

export interface WaitingServer {
  readonly backend: BackendName;
  readonly server: string;
}

export interface BringOptions {
  /** Whether a server's sessions have had their time, so that they are closed. */
  readonly overdue?: (server: WaitingServer) => boolean;
  /** What HAProxy is believed to have: saves the first look. A wrong belief is found out when it is read back. */
  readonly believed?: ReadonlyMap<BackendName, Service>;
}

export interface RuntimeServers {
  /**
   * Only these backends are looked at. Rejects when HAProxy cannot be asked.
   * Ends only when HAProxy says it has what is desired.
   */
  readonly bring: (services: readonly Service[], options?: BringOptions) => Promise<RuntimeOutcome>;
  /** Whether HAProxy has what is desired, but for servers that wait to be deleted. Rejects as `bring`. */
  readonly has: (services: readonly Service[]) => Promise<boolean>;
}

/** Rounds of doing and reading back, as long as there is more to do than to delete what has left. */
const rounds = 3;
/** Whose sessions were just closed may still have them for a moment. */
const triesToDelete = (closed: boolean): number => (closed ? 2 : 1);
/** From so many backends on, all states are read at once. */
const manyBackends = 50;

export function runtimeServers(control: RuntimeAccess, serverLine: ServerLine): RuntimeServers {
  const looks = (services: readonly Service[]): string[] =>
    services.length >= manyBackends
      ? ['show servers state']
      : services.map(({ definition }) => `show servers state ${definition.backend}`);

  /** What is left to do; a reason where it takes a reload. */
  function planAll(services: readonly Service[], have: Map<string, RunningServer[]>): ServerStep[] | string {
    const steps: ServerStep[] = [];
    for (const service of services) {
      const running = have.get(service.definition.backend) ?? [];
      const plan = planServers(service, running, control.capabilities());
      if (plan.kind === 'reload') return plan.reason;
      steps.push(...plan.steps);
    }
    return steps;
  }

  return {
    has: async (services) => {
      const look = looks(services);
      const have = seen(look, await control.runtime(look));
      const steps = typeof have === 'string' ? have : planAll(services, have);
      return typeof steps !== 'string' && steps.every(({ kind }) => kind === 'delete');
    },
    bring: async (services, { overdue = () => false, believed } = {}) => {
      const done: ServerStep[] = [];
      let problem: string | undefined;
      let commandCount = 0;
      const tries = new Map<string, number>();
      const triesOf = ({ backend, server }: WaitingServer) => tries.get(`${backend}/${server}`) ?? 0;
      const look = looks(services);
      // Which servers are in slots is known to HAProxy alone.
      const known = services.some(({ definition }) => definition.slots > 0) ? undefined : believed;
      let have = known === undefined ? seen(look, await control.runtime(look)) : asRunning(known);
      for (let round = 1; ; round++) {
        if (typeof have === 'string') return { kind: 'impossible', reason: have };
        const steps = planAll(services, have);
        if (typeof steps === 'string') return { kind: 'impossible', reason: steps };
        const due = steps.filter((step) => step.kind !== 'delete');
        const left = steps.filter((step) => step.kind === 'delete');
        // A server that waits for its sessions to end is as it should be.
        if (due.length === 0 && left.every((it) => triesOf(it) >= triesToDelete(overdue(it)))) {
          const waiting = left.map(({ backend, server }) => ({ backend, server }));
          return { kind: 'done', commands: commandCount, steps: done, waiting, files: [] };
        }
        if (due.length > 0 && round > rounds)
          return { kind: 'impossible', reason: problem ?? 'HAProxy does not do what it was told' };
        const commands = steps.flatMap((step) =>
          step.kind === 'delete' && overdue(step)
            ? [...closeSessions(step), ...commandsFor(step, serverLine)]
            : commandsFor(step, serverLine),
        );
        // Done and read back in one go: a connection costs more than a command.
        const replies = await control.runtime([...commands, ...look]);
        have = seen(look, replies.slice(commands.length));
        for (const it of left) tries.set(`${it.backend}/${it.server}`, triesOf(it) + 1);
        commandCount += commands.length;
        done.push(...due);
        // The first one: what follows on a server that could not be added fails as well.
        const failed = replies.findIndex(
          ({ kind }, i) => kind === 'failed' && i < commands.length && !isDelete(commands[i]),
        );
        problem = failed < 0 ? undefined : `${commands[failed] ?? ''}: ${replies[failed]?.text ?? ''}`;
      }
    },
  };
}

/** What HAProxy says it has, by backend; a reason where it does not have one of them. */
function seen(
  look: readonly string[],
  replies: readonly RuntimeReply[],
): Map<string, RunningServer[]> | string {
  const found = new Map<string, RunningServer[]>();
  for (const [i, reply] of replies.entries()) {
    // "Can't find backend."
    if (reply.kind === 'failed') return `${look[i] ?? ''}: ${reply.text}`;
    for (const state of parseServersState(reply.text)) {
      const { backend, server: name, address, port, admin, weight, initialWeight, id } = state;
      const servers = found.get(backend) ?? [];
      const checked = state.checkEnabled;
      servers.push({ name, address, port, admin, weight, initialWeight, id, checked });
      found.set(backend, servers);
    }
  }
  return found;
}

/** What fails while a server still has sessions, and tells nothing about the others. */
const isDelete = (command = ''): boolean => command.startsWith('del server ');

function asRunning(services: ReadonlyMap<BackendName, Service>): Map<string, RunningServer[]> {
  const running = (server: Server): RunningServer => {
    const { name, address, port, admission, id } = server;
    return { name, address, port, admin: admission, weight: 1, id };
  };
  return new Map([...services].map(([backend, { servers }]) => [backend, servers.map(running)]));
}
