/** Merges the statuses of several clusters into one status of the same form. */
import type { MarathonStatus } from '../../marathon/sync/source.ts';
import type { MergedApps } from '../../marathon/mirror/merged-apps.ts';
import { pendingShown } from '../../marathon/sync/sync-status.ts';
import type { WithheldRemoval } from './removal-guard.ts';

/** The status of one cluster, with its name. */
export interface ClusterStatus {
  /** Undefined if there is only one cluster. */
  readonly name: string | undefined;
  readonly marathon: MarathonStatus;
  readonly withheld: WithheldRemoval | undefined;
}

/**
 * The status of all clusters as one: counters are added up, of each time the latest is taken.
 * @param nameOf id of an app among all apps
 */
export function statusTogether(each: readonly ClusterStatus[], nameOf: MergedApps['nameOf']): MarathonStatus {
  const [only, ...more] = each;
  if (only !== undefined && more.length === 0) return only.marathon;
  const all = each.map(({ marathon }) => marathon);
  const sum = (read: (status: MarathonStatus) => number) => all.reduce((total, one) => total + read(one), 0);
  const events: Record<string, number> = {};
  for (const status of all)
    for (const [type, count] of Object.entries(status.events)) events[type] = (events[type] ?? 0) + count;
  const confirmedAt = latest(all.map((status) => status.confirmedAt));
  const lastEventAt = latest(all.map((status) => status.lastEventAt));
  const { lastEventLagMs } = all.find((status) => status.lastEventAt === lastEventAt) ?? {};
  const errors = each.flatMap(({ name, marathon: { lastError } }) =>
    lastError === undefined ? [] : { message: `${name ?? ''}: ${lastError.message}`, at: lastError.at },
  );
  const problems = each.flatMap(({ name, marathon: { secretsProblem } }) =>
    secretsProblem === undefined ? [] : `${name ?? ''}: ${secretsProblem}`,
  );
  const lastError = errors.sort((a, b) => b.at - a.at)[0];
  return {
    connected: all.every(({ connected }) => connected),
    basis:
      (['none', 'stored'] as const).find((basis) => all.some((one) => one.basis === basis)) ?? 'marathon',
    // One cluster that cannot be reached does not hide the others: each has its own status.
    ...(confirmedAt !== undefined && { confirmedAt }),
    ...(lastEventAt !== undefined && { lastEventAt }),
    ...(lastEventLagMs !== undefined && { lastEventLagMs }),
    pending: all
      .flatMap(({ pending }) => pending)
      .sort((a, b) => a.since - b.since)
      .slice(0, pendingShown),
    pendingCount: sum(({ pendingCount }) => pendingCount),
    apps: sum(({ apps }) => apps),
    tasks: sum(({ tasks }) => tasks),
    events,
    unknownEvents: sum(({ unknownEvents }) => unknownEvents),
    reconnects: sum(({ reconnects }) => reconnects),
    resyncs: sum(({ resyncs }) => resyncs),
    resyncDifferences: sum(({ resyncDifferences }) => resyncDifferences),
    ...(lastError !== undefined && { lastError }),
    ...(problems.length > 0 && { secretsProblem: problems.join('; ') }),
    endpoints: all.flatMap(({ endpoints }) => endpoints),
    discovery: all.flatMap(({ discovery }) => discovery),
    diagnostics: all.flatMap(({ diagnostics }, index) =>
      diagnostics.map((diagnostic) => ({ ...diagnostic, appId: nameOf(index, diagnostic.appId) })),
    ),
  };
}

/** The withheld removals of all clusters as one; undefined if no cluster withholds anything. */
export function withheldTogether(
  removals: readonly (WithheldRemoval | undefined)[],
): WithheldRemoval | undefined {
  const [first, ...more] = removals.filter((removal) => removal !== undefined);
  return more.reduce(
    (all, removal) =>
      all && {
        servers: all.servers + removal.servers,
        apps: all.apps + removal.apps,
        of: { servers: all.of.servers + removal.of.servers, apps: all.of.apps + removal.of.apps },
        since: Math.min(all.since, removal.since),
        cause: `${all.cause}; ${removal.cause}`,
      },
    first,
  );
}

function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((at) => at !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
