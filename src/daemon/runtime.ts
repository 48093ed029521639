/** Changes over the runtime socket, as the pipeline wants it: never rejects, and remembers who still waits to be deleted. */
import type { Desired } from '../core/desired.ts';
import type { BackendName } from '../core/ids.ts';
import type { Service } from '../core/service.ts';
import { messageOf } from '../errors.ts';
import type { HaproxyControl, RuntimeAccess } from '../haproxy/control.ts';
import { parseInfo } from '../haproxy/replies/info.ts';
import type { ServerLine } from '../haproxy/server-commands.ts';
import type { Rendering } from '../render/render.ts';
import { departingServers } from './departing.ts';
import { runtimeBackends } from './runtime-backends.ts';
import { bringCertificates } from './runtime-certificates.ts';
import { bringMaps, hasMaps } from './runtime-maps.ts';
import { runtimeServers, type RuntimeOutcome } from './runtime-servers.ts';

export interface Runtime {
  /** @param believed what HAProxy is believed to have */
  readonly bring: (
    services: readonly Service[],
    believed?: ReadonlyMap<BackendName, Service>,
  ) => Promise<RuntimeOutcome>;
  /** Servers, maps and certificates: all that can change while HAProxy runs. */
  readonly bringAll: (wanted: RuntimeWanted) => Promise<RuntimeOutcome>;
  /** Whether HAProxy has these servers as they are wanted; one that waits to be deleted does not count. */
  readonly has: (services: readonly Service[]) => Promise<boolean>;
  readonly hasMaps: (maps: Rendering['maps']) => Promise<boolean>;
  /** HAProxy has read a configuration with these backends that may come and go. */
  readonly loaded: (pool: Rendering['pool']) => void;
  /** Commands sent so far that change something. */
  readonly commands: () => number;
  /** The file descriptors the running HAProxy may use, fixed when it started; undefined where it does not say. */
  readonly descriptors: () => Promise<number | undefined>;
  /** The services with servers that wait for their last sessions to end. */
  readonly departing: (desired: Desired) => Service[];
}

export interface RuntimeWanted {
  readonly services: readonly Service[];
  readonly maps: Rendering['maps'];
  /** Paths. */
  readonly certificates: Iterable<string>;
  readonly pool: Rendering['pool'];
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

export const nothingToDo: RuntimeOutcome = { kind: 'done', commands: 0, steps: [], waiting: [], files: [] };

export const tooManyServers: RuntimeOutcome = {
  kind: 'impossible',
  reason: 'these servers need more file descriptors than HAProxy has reserved',
};

const noBackends = { kind: 'done', added: [], removed: [] } as const;

export function createRuntime({ serverLine, drainTimeoutMs, soon, now, ...parts }: RuntimeParts): Runtime {
  let commandCount = 0;
  const control: RuntimeAccess = {
    capabilities: () => parts.control.capabilities(),
    runtime: (commands) => {
      commandCount += commands.filter(
        (command) => typeof command !== 'string' || !/^(?:show|get) /.test(command),
      ).length;
      return parts.control.runtime(commands);
    },
  };
  const runtime = runtimeServers(control, serverLine);
  const backends = runtimeBackends(control);
  const departing = departingServers(drainTimeoutMs, now);
  const settled = async (work: () => Promise<RuntimeOutcome>): Promise<RuntimeOutcome> => {
    try {
      return await work();
    } catch (error) {
      return { kind: 'impossible', reason: messageOf(error) };
    }
  };
  const bringServers = async (services: readonly Service[], believed?: ReadonlyMap<BackendName, Service>) => {
    if (services.length === 0) return nothingToDo;
    const { overdue } = departing;
    // Of servers on their way out no belief tells.
    const known = services.some(({ definition }) => departing.backends().has(definition.backend))
      ? undefined
      : believed;
    const outcome = await runtime.bring(services, {
      overdue,
      ...(known === undefined ? {} : { believed: known }),
    });
    if (outcome.kind === 'done') departing.see(services, outcome.waiting);
    if (departing.backends().size > 0) soon(reapMs);
    return outcome;
  };
  return {
    departing: ({ services }) => [...departing.backends()].flatMap((backend) => services.get(backend) ?? []),
    descriptors: async () => {
      const [info] = await control.runtime(['show info']).catch(() => []);
      // [haproxy] management.txt 9.3 "show info": Maxsock
      const maxsock = Number(parseInfo(info?.text ?? '').all.get('Maxsock') ?? NaN);
      return maxsock > 0 ? maxsock : undefined;
    },
    loaded: backends.loaded,
    commands: () => commandCount,
    has: (services) => runtime.has(services).catch(() => false),
    hasMaps: (maps) => hasMaps(control, maps).catch(() => false),
    bring: (services, believed) => settled(() => bringServers(services, believed)),
    bringAll: ({ services, maps, certificates, pool }) =>
      settled(async () => {
        const pools = pool === undefined ? noBackends : await backends.add(pool);
        if (pools.kind === 'impossible') return pools;
        const servers = await bringServers(services);
        if (servers.kind === 'impossible') return servers;
        const routes = await bringMaps(control, maps);
        if (routes.kind === 'impossible') return routes;
        const renewed = await bringCertificates(control, certificates);
        if (renewed.kind === 'impossible') return renewed;
        const moved = pools.added.length + pools.removed.length > 0;
        if (pool !== undefined && moved) await backends.settle(pool, pools.removed);
        return { ...servers, files: [...(moved ? ['backends'] : []), ...routes.changed, ...renewed.changed] };
      }),
  };
}
