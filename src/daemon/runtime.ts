/** Servers over the runtime socket, as the pipeline wants it: never rejects, and remembers who still waits to be deleted. */
import type { Desired } from '../core/desired.ts';
import type { Service } from '../core/service.ts';
import { messageOf } from '../errors.ts';
import type { HaproxyControl } from '../haproxy/control.ts';
import type { ServerLine } from '../haproxy/server-commands.ts';
import { departingServers } from './departing.ts';
import { runtimeServers, type RuntimeOutcome } from './runtime-servers.ts';

export interface Runtime {
  readonly bring: (services: readonly Service[]) => Promise<RuntimeOutcome>;
  /** The services with servers that wait for their last sessions to end. */
  readonly departing: (desired: Desired) => Service[];
}

export interface RuntimeParts {
  readonly control: HaproxyControl;
  readonly serverLine: ServerLine;
  readonly drainTimeoutMs: number;
  /** Asks for another pass, so that departing servers are looked at again. */
  readonly soon: (afterMs: number) => void;
  readonly now: () => number;
}

/** Milliseconds between tries to delete servers that still have sessions. */
const reapMs = 1000;

export const nothingToDo: RuntimeOutcome = { kind: 'done', commands: 0, steps: [], waiting: [] };

export function createRuntime({ control, serverLine, drainTimeoutMs, soon, now }: RuntimeParts): Runtime {
  const runtime = runtimeServers(control, serverLine);
  const departing = departingServers(drainTimeoutMs, now);
  return {
    departing: ({ services }) => [...departing.backends()].flatMap((backend) => services.get(backend) ?? []),
    bring: async (services) => {
      if (services.length === 0) return nothingToDo;
      try {
        const outcome = await runtime.bring(services, departing.overdue);
        if (outcome.kind === 'done') departing.see(services, outcome.waiting);
        if (departing.backends().size > 0) soon(reapMs);
        return outcome;
      } catch (error) {
        return { kind: 'impossible', reason: messageOf(error) };
      }
    },
  };
}
