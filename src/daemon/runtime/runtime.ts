/**
 * Changes over the runtime socket: servers, backends, maps, certificates. Remembers which servers wait to be deleted.
 */
import type { BackendName } from '../../core/model/ids.ts';
import type { Service } from '../../core/model/service.ts';
import { isSpare, type Placement } from '../../core/plan/placement.ts';
import { messageOf, PacerError } from '../../errors.ts';
import type { RuntimeAccess } from '../../haproxy/control/control.ts';
import { parseInfo } from '../../haproxy/replies/info.ts';
import { isServersState, parseServersState } from '../../haproxy/replies/servers-state.ts';
import type { ServerLine } from '../../haproxy/cli/server-commands.ts';
import type { SpareBackends } from '../../render/profiles.ts';
import type { Rendering } from '../../render/render.ts';
import { drainingServers } from './draining.ts';
import { runtimeBackends } from './runtime-backends.ts';
import { emptied, runtimeSpares, type RuntimeSpares } from './runtime-spares.ts';
import { runtimeCertificates } from './runtime-certificates.ts';
import { bringMaps } from './runtime-maps.ts';
import { runtimeServers, type RuntimeOutcome } from './runtime-servers.ts';

/** `unreachable`: no answer, which says nothing about what HAProxy has. */
export type RuntimeAnswer = RuntimeOutcome | { readonly kind: 'unreachable'; readonly reason: string };

/** Changes HAProxy at runtime. None of these functions rejects. */
export interface Runtime {
  /** @param known what HAProxy was last given of these services */
  readonly bringServers: (
    services: readonly Service[],
    known?: ReadonlyMap<BackendName, Service>,
  ) => Promise<RuntimeAnswer>;
  /**
   * Makes sure that every service has a backend, before that gets servers.
   * @param compares whether somebody else may have changed what HAProxy has
   */
  readonly bringBackends: (pool: Rendering['pool'], compares: boolean) => Promise<RuntimeAnswer>;
  /** Which services are in spare backends. */
  readonly spares: Pick<RuntimeSpares, 'current' | 'accepted' | 'learn'>;
  /** Changes maps and certificates, and removes the backends that no request reaches any more. */
  readonly bringFiles: (wanted: RuntimeFiles) => Promise<RuntimeAnswer>;
  readonly bringMaps: (maps: Rendering['maps']) => Promise<RuntimeAnswer>;
  /** Call when HAProxy has read a configuration with this pool of backends and these certificates. */
  readonly loaded: (pool: Rendering['pool'], certificates: ReadonlyMap<string, string>) => void;
  /** Commands sent so far that changed something. */
  readonly commands: () => number;
  /** The file descriptors the running HAProxy may use, fixed at its start; undefined if it does not report them. */
  readonly descriptors: () => Promise<number | undefined>;
  /** Backend → number of its servers that are not in maintenance; undefined if HAProxy does not report them. */
  readonly serverCounts: () => Promise<ReadonlyMap<BackendName, number> | undefined>;
  /** The backends with servers that wait for their last sessions to end. */
  readonly draining: () => ReadonlySet<BackendName>;
}

/** Files that HAProxy can replace at runtime. */
export interface RuntimeFiles {
  readonly maps: Rendering['maps'];
  /** Path → hex SHA-256 of the file. */
  readonly certificates: ReadonlyMap<string, string>;
  readonly pool: Rendering['pool'];
}

/** What the runtime needs. */
export interface RuntimeParts {
  readonly control: RuntimeAccess;
  readonly serverLine: ServerLine;
  /** How long the sessions of a server whose task is gone may continue, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Other services are in spare backends than before. */
  readonly onPlacement?: (placement: Placement | undefined) => void;
}

const nothingDone: RuntimeOutcome = { kind: 'done', commands: 0, steps: [], waiting: [], files: [] };

/** Creates the runtime for one HAProxy. */
export function createRuntime({
  serverLine,
  drainTimeoutMs,
  now,
  onPlacement,
  ...parts
}: RuntimeParts): Runtime {
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
  const servers = runtimeServers(control, serverLine);
  const backends = runtimeBackends(control);
  const spares = runtimeSpares(control, onPlacement);
  const files = runtimeCertificates(control, now);
  const draining = drainingServers(drainTimeoutMs, now);
  let removed: readonly BackendName[] = [];
  let added = 0;

  /** With names as in HAProxy. @param known what it was last given */
  async function bringPlaced(services: readonly Service[], known?: ReadonlyMap<BackendName, Service>) {
    const { overdue } = draining;
    const asked = new Set(services.map(({ definition }) => definition.backend));
    // What was let go is nobody's servers, so nobody else asks for their end.
    const held = spares.current()?.held;
    const leaving = [...draining.backends()].filter(
      (backend) => isPlaced(backend) && held?.has(backend) !== true && !asked.has(backend),
    );
    const all = [...services, ...leaving.map(emptied)];
    if (all.length === 0) return nothingDone;
    // What became of servers that wait to be deleted is known to HAProxy alone.
    const isKnown = !all.some(({ definition }) => draining.backends().has(definition.backend));
    const outcome = await servers.bring(all, {
      overdue,
      ...(known !== undefined && isKnown ? { known } : {}),
    });
    draining.see(all, outcome.waiting);
    return inOwnNames(outcome, spares.ownOf);
  }
  const isPlaced = (backend: BackendName) => spares.current()?.layout.has(backend) === true;

  /** Who has no routes any more loses its servers, and its backend is free. */
  async function letGo({ placement }: SpareBackends): Promise<RuntimeOutcome> {
    const leaving = spares.leaving(placement);
    const outcome = leaving.length === 0 ? nothingDone : await bringPlaced(leaving.map(emptied));
    if (outcome.kind === 'done') spares.left(placement);
    return outcome;
  }

  return {
    spares,
    draining: () => new Set([...draining.backends()].map(spares.ownOf)),
    descriptors: async () => {
      const [info] = await control.runtime(['show info']).catch(() => []);
      // [haproxy] management.txt 9.3 "show info": Maxsock
      const maxsock = Number(parseInfo(info?.text ?? '').all.get('Maxsock') ?? NaN);
      return maxsock > 0 ? maxsock : undefined;
    },
    serverCounts: () => countServers(control, spares.ownOf).catch(() => undefined),
    loaded: (pool, certificates) => {
      backends.loaded(pool?.kind === 'added' ? pool : undefined);
      spares.loaded(pool?.kind === 'spares' ? pool.placement : undefined);
      files.loaded(certificates);
    },
    commands: () => commandCount,
    bringServers: (services, known) =>
      answered(async () => {
        const placed = services.flatMap(spares.placed);
        const before = known && [...known.values()].flatMap(spares.placed);
        return bringPlaced(
          placed,
          before && new Map(before.map((service) => [service.definition.backend, service])),
        );
      }),
    bringBackends: (pool, compares) =>
      answered(async () => {
        if (pool === undefined) return nothingDone;
        if (pool.kind === 'spares') {
          const reason = await spares.give(pool, compares);
          return reason === undefined ? nothingDone : impossible(reason);
        }
        const outcome = await backends.add(pool);
        if (outcome.kind === 'impossible') return impossible(outcome.reason);
        removed = outcome.removed;
        added = outcome.added.length;
        return nothingDone;
      }),
    bringMaps: (maps) =>
      answered(async () => {
        const routes = await bringMaps(control, maps);
        if (routes.kind === 'impossible') return impossible(routes.reason);
        return { ...nothingDone, files: routes.changed };
      }),
    bringFiles: ({ maps, certificates, pool }) =>
      answered(async () => {
        const routes = await bringMaps(control, maps);
        if (routes.kind === 'impossible') return impossible(routes.reason);
        const renewed = await files.bring(certificates);
        if (renewed.kind === 'impossible') return impossible(renewed.reason);
        const gone = pool?.kind === 'spares' ? await letGo(pool) : nothingDone;
        if (gone.kind === 'impossible') return gone;
        const moved = added + removed.length > 0;
        if (pool?.kind === 'added' && moved) await backends.settle(pool, removed);
        removed = [];
        added = 0;
        return {
          ...gone,
          files: [...(moved ? ['backends'] : []), ...routes.changed, ...renewed.changed],
        };
      }),
  };
}

const impossible = (reason: string): RuntimeOutcome => ({
  ...nothingDone,
  kind: 'impossible',
  reason,
  needReload: new Map(),
});

/** An error other than no answer is about the commands themselves: only a reload helps. */
async function answered(work: () => Promise<RuntimeOutcome>): Promise<RuntimeAnswer> {
  try {
    return await work();
  } catch (error) {
    const isSilent = error instanceof PacerError && error.code === 'HAPROXY_UNREACHABLE';
    return isSilent ? { kind: 'unreachable', reason: messageOf(error) } : impossible(messageOf(error));
  }
}

/** The loop knows services by the names of their own. */
function inOwnNames(outcome: RuntimeOutcome, ownOf: RuntimeSpares['ownOf']): RuntimeOutcome {
  const steps = outcome.steps.map((step) => ({ ...step, backend: ownOf(step.backend) }));
  if (outcome.kind === 'done') return { ...outcome, steps };
  const needReload = new Map([...outcome.needReload].map(([backend, reason]) => [ownOf(backend), reason]));
  return { ...outcome, steps, needReload };
}

/** Undefined where HAProxy gives no table: that is no answer, not an HAProxy without servers. */
async function countServers(
  control: RuntimeAccess,
  ownOf: RuntimeSpares['ownOf'],
): Promise<ReadonlyMap<BackendName, number> | undefined> {
  const counts = new Map<BackendName, number>();
  const [reply] = await control.runtime(['show servers state']);
  if (reply === undefined || !isServersState(reply.text)) return undefined;
  for (const { backend, admin } of parseServersState(reply.text)) {
    const name = ownOf(backend as BackendName);
    // A spare that was let go has what waits for its last sessions.
    if (isSpare(name) && admin === 'maint') continue;
    counts.set(name, (counts.get(name) ?? 0) + Number(admin !== 'maint'));
  }
  return counts;
}
