/**
 * Brings the servers of services to the desired state over the runtime socket: reads what HAProxy has, performs the
 * steps, reads back. What only a reload can do does not delay the rest, removals in particular.
 */
import { isAt, planServers } from '../../core/plan/server-plan.ts';
import type { RunningServer, ServerStep } from '../../core/plan/server-step.ts';
import type { BackendName } from '../../core/model/ids.ts';
import type { Server, Service } from '../../core/model/service.ts';
import { slotPrefix } from '../../core/plan/slot-plan.ts';
import type { RuntimeAccess } from '../../haproxy/control/control.ts';
import { parseServersState } from '../../haproxy/replies/servers-state.ts';
import type { RuntimeReply } from '../../haproxy/cli/runtime-command.ts';
import { closeSessions, commandsFor, type ServerLine } from '../../haproxy/cli/server-commands.ts';

/** What was done. */
interface Done {
  /** Commands that changed something. */
  readonly commands: number;
  readonly steps: readonly ServerStep[];
  /** Servers that still have sessions and are deleted later. */
  readonly waiting: readonly WaitingServer[];
  /** Maps and certificates that were changed. */
  readonly files: readonly string[];
}

/** The result of changing servers. */
export type RuntimeOutcome =
  | ({ readonly kind: 'done' } & Done)
  /** Some of it needs a reload; the rest has been done. */
  | ({
      readonly kind: 'impossible';
      readonly reason: string;
      /** Backend → why its servers need a reload. Empty if the reason is another. */
      readonly needReload: ReadonlyMap<BackendName, string>;
    } & Done);

/** A server that still has sessions and is deleted later. */
export interface WaitingServer {
  readonly backend: BackendName;
  readonly server: string;
}

/** How to bring servers. */
export interface BringOptions {
  /** Whether the time for a server's sessions is over, so that they are closed. */
  readonly overdue?: (server: WaitingServer) => boolean;
  /** What HAProxy was last given. Saves the first read; if HAProxy has something else, reading back shows it. */
  readonly known?: ReadonlyMap<BackendName, Service>;
}

/** Changes servers at runtime. */
export interface RuntimeServers {
  /**
   * Reads and changes only these backends. Ends when HAProxy reports the desired state.
   * @throws PacerError HAPROXY_UNREACHABLE
   */
  readonly bring: (services: readonly Service[], options?: BringOptions) => Promise<RuntimeOutcome>;
}

/** How often commands are sent and read back, as long as there is more to do than deleting drained servers. */
const rounds = 3;
/** A server whose sessions were just closed may still report them for a moment. */
const triesToDelete = (closed: boolean): number => (closed ? 2 : 1);
/** From this many backends on, the states of all backends are read at once. */
const manyBackends = 50;

type Running = ReadonlyMap<string, readonly RunningServer[]>;

/** @param serverLine the server's line in the configuration, for `add server` */
export function runtimeServers(control: RuntimeAccess, serverLine: ServerLine): RuntimeServers {
  /** What is left to do at runtime, and why the rest needs a reload. */
  function planAll(services: readonly Service[], have: Running) {
    const steps: ServerStep[] = [];
    const needReload = new Map<BackendName, string>();
    for (const service of services) {
      const { backend } = service.definition;
      const running = have.get(backend) ?? [];
      const plan = planServers(service, running, control.capabilities());
      if (plan.kind === 'steps') {
        steps.push(...plan.steps);
        continue;
      }
      needReload.set(backend, plan.reason);
      const rest = planServers(withoutNew(service, running), running, control.capabilities());
      if (rest.kind === 'steps') steps.push(...rest.steps);
    }
    return { steps, needReload };
  }

  return {
    bring: async (services, { overdue = () => false, known } = {}) => {
      const done: ServerStep[] = [];
      const missing = new Map<BackendName, string>();
      let commandCount = 0;
      let problem: string | undefined;
      const tries = new Map<string, number>();
      const triesOf = ({ backend, server }: WaitingServer) => tries.get(`${backend}/${server}`) ?? 0;
      const looks = looksAt(services);
      const look = async (first: readonly string[]) => {
        const replies = await control.runtime([...first, ...looks]);
        const read = seen(services, replies.slice(first.length));
        for (const [backend, reason] of read.missing) missing.set(backend, reason);
        return { replies, have: read.have };
      };
      // Only HAProxy knows which servers are in slots.
      const isKnown = known !== undefined && !services.some(({ definition }) => definition.slots > 0);
      let have: Running = isKnown ? asRunning(known) : (await look([])).have;
      for (let round = 1; ; round++) {
        const there = services.filter(({ definition }) => !missing.has(definition.backend));
        const { steps, needReload } = planAll(there, have);
        const due = steps.filter((step) => step.kind !== 'delete');
        const left = steps.filter((step) => step.kind === 'delete');
        const isStuck = due.length > 0 && round > rounds;
        if (isStuck)
          for (const { backend } of due)
            needReload.set(backend, problem ?? 'HAProxy did not do what it was told');
        // A server that waits for its sessions to end is as it should be.
        const isWaiting = left.every((it) => triesOf(it) >= triesToDelete(overdue(it)));
        if (isStuck || (due.length === 0 && isWaiting)) {
          const waiting = left.map(({ backend, server }) => ({ backend, server }));
          const all = new Map([...missing, ...needReload]);
          const what = { commands: commandCount, steps: done, waiting, files: [] };
          const [reason] = all.values();
          return reason === undefined
            ? { kind: 'done', ...what }
            : { kind: 'impossible', reason, needReload: all, ...what };
        }
        const commands = steps.flatMap((step) =>
          step.kind === 'delete' && overdue(step)
            ? [...closeSessions(step), ...commandsFor(step, serverLine)]
            : commandsFor(step, serverLine),
        );
        // Send and read back over one connection: a connection costs more than a command.
        const { replies, have: after } = await look(commands);
        have = after;
        for (const it of left) tries.set(`${it.backend}/${it.server}`, triesOf(it) + 1);
        commandCount += commands.length;
        done.push(...due);
        // Report the first failure: commands for a server that could not be added fail as well.
        const failed = replies.findIndex(
          ({ kind }, i) => kind === 'failed' && i < commands.length && !isDelete(commands[i]),
        );
        problem = failed < 0 ? undefined : `${commands[failed] ?? ''}: ${replies[failed]?.text ?? ''}`;
      }
    },
  };
}

const looksAt = (services: readonly Service[]): string[] =>
  services.length >= manyBackends
    ? ['show servers state']
    : services.map(({ definition }) => `show servers state ${definition.backend}`);

/** What HAProxy reports, by backend, and a reason for each backend that it does not have. */
function seen(services: readonly Service[], replies: readonly RuntimeReply[]) {
  const have = new Map<string, RunningServer[]>();
  const missing = new Map<BackendName, string>();
  for (const [i, reply] of replies.entries()) {
    // "Can't find backend."
    if (reply.kind === 'failed') {
      const about = replies.length === services.length ? services.slice(i, i + 1) : services;
      for (const { definition } of about)
        missing.set(definition.backend, `show servers state ${definition.backend}: ${reply.text}`);
    }
    for (const state of parseServersState(reply.text)) {
      const { backend, server: name, address, port, admin, weight, initialWeight, id } = state;
      const servers = have.get(backend) ?? [];
      servers.push({ name, address, port, admin, weight, initialWeight, id, checked: state.checkEnabled });
      have.set(backend, servers);
    }
  }
  return { have, missing };
}

/** The service without the servers that HAProxy does not have yet, neither by name nor in a slot. */
function withoutNew(service: Service, running: readonly RunningServer[]): Service {
  const has = (server: Server) =>
    running.some((it) => (it.name === server.name || it.name.startsWith(slotPrefix)) && isAt(it, server));
  return { ...service, servers: service.servers.filter(has) };
}

/** A delete fails while a server still has sessions, and says nothing about the other servers. */
const isDelete = (command = ''): boolean => command.startsWith('del server ');

function asRunning(services: ReadonlyMap<BackendName, Service>): Running {
  const running = (server: Server): RunningServer => {
    const { name, address, port, admin: admin, id } = server;
    return { name, address, port, admin: admin, weight: 1, id };
  };
  return new Map([...services].map(([backend, { servers }]) => [backend, servers.map(running)]));
}
