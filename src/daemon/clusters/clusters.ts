/**
 * All Marathon clusters as one: one mirror, one status, one removal guard. A cluster that cannot be reached keeps its
 * last known apps, and the others do not wait for it. What happens to the apps is decided elsewhere.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { MarathonStatus, MirrorChange } from '../../marathon/sync/source.ts';
import { MergedApps } from '../../marathon/mirror/merged-apps.ts';
import type { LastKnownGood } from '../storage/last-known-good.ts';
import { followCluster, type Cluster, type ClusterParts } from './cluster.ts';
import { withheldTogether, statusTogether, type ClusterStatus } from './clusters-status.ts';
import type { WithheldRemoval } from './removal-guard.ts';
import { readStoredMirrors, type StoredMirrors } from '../storage/stored-mirrors.ts';
import { Unheard } from './unheard.ts';

/** All clusters that Pacer follows. */
export interface Clusters {
  readonly status: () => MarathonStatus;
  readonly each: () => readonly ClusterStatus[];
  readonly resync: (reason: string) => void;
  readonly withheld: () => WithheldRemoval | undefined;
  /** Releases the withheld removals of all clusters. @returns what was withheld; undefined if nothing was */
  readonly approve: () => WithheldRemoval | undefined;
  readonly stored: LastKnownGood['state'];
  /**
   * Names of the clusters Pacer knows nothing about: they have not answered since the start, and no mirror of them is
   * stored. What HAProxy serves may be theirs, so only apps that `accountsFor` confirms may be removed. Empty once all
   * clusters have answered, or an operator has approved.
   */
  readonly incomplete: () => readonly string[];
  /** Whether this app belongs, or belonged since the start, to a cluster that is known. */
  readonly accountsFor: (id: AppId) => boolean;
  readonly close: () => Promise<void>;
}

/** What `followClusters` needs. */
export interface ClustersParts extends ClusterParts {
  /** Milliseconds to wait at the start for the first answers of all clusters. Default: 10 s. */
  readonly patienceMs?: number;
}

/**
 * Starts to follow all clusters. With several clusters, it resolves when all have answered or `patienceMs` has passed.
 */
export async function followClusters(parts: ClustersParts): Promise<Clusters> {
  const { settings, log, onNews } = parts;
  const [first, ...more] = settings.clusters;
  const mirrors = await readStoredMirrors(settings.stateDir, settings.clusters, log);
  if (more.length > 0) return followSeveral(parts, mirrors);
  const only = followCluster(
    first,
    { stored: mirrors.stored[0] },
    {
      ...parts,
      onNews: (news) => {
        if (news.kind === 'snapshot') void mirrors.complete();
        onNews(news);
      },
    },
  );
  // With one cluster, nothing at all is applied before its first snapshot.
  return together([only], { nameOf: (_, id) => id, incomplete: () => [], accountsFor: () => true });
}

function followSeveral(parts: ClustersParts, mirrors: StoredMirrors): Clusters {
  const { settings, log, onNews, patienceMs = 10_000 } = parts;
  const names = settings.clusters.map(({ name }) => name ?? '');
  const merged = new MergedApps(
    names,
    mirrors.stored.map((mirror) => new Map(Object.entries(mirror?.called ?? {}) as [AppId, AppId][])),
  );
  const unheard = new Unheard(names, () => void mirrors.complete());
  let waiting: MirrorChange | undefined;
  let begun = false;

  // One cluster alone is not the whole mirror: applying it would remove the services of the others.
  const begin = () => {
    clearTimeout(patience);
    const news = waiting;
    waiting = undefined;
    begun = true;
    if (news !== undefined)
      onNews({ ...news, apps: merged.apps, changed: [...merged.apps.keys()], removed: [] });
  };
  const patience = setTimeout(() => {
    log.warn(
      { clusters: unheard.names() },
      'some clusters have not answered, and no mirror of them is stored. Services that may be theirs are not removed until these clusters answer, or you run `pacer approve`',
    );
    begin();
  }, patienceMs);

  const clusters = settings.clusters.map((cluster, index) =>
    followCluster(
      cluster,
      { stored: mirrors.stored[index], called: () => merged.renamed(index) },
      {
        ...parts,
        onNews: (news) => {
          const whole = merged.put(index, news);
          unheard.heard(names[index] ?? '', whole);
          if (begun) onNews(whole);
          else {
            waiting = whole;
            if (unheard.names().length === 0) begin();
          }
        },
      },
    ),
  );
  const all = together(clusters, {
    nameOf: (index, id) => merged.nameOf(index, id),
    incomplete: () => unheard.names(),
    accountsFor: (id) => unheard.accountsFor(id),
  });
  return {
    ...all,
    approve: () => {
      unheard.approve();
      return all.approve();
    },
    close: async () => {
      clearTimeout(patience);
      await all.close();
    },
  };
}

function together(
  clusters: readonly Cluster[],
  parts: Pick<Clusters, 'incomplete' | 'accountsFor'> & Pick<MergedApps, 'nameOf'>,
): Clusters {
  const { nameOf, incomplete, accountsFor } = parts;
  const each = (): ClusterStatus[] =>
    clusters.map(({ name, source, guard }) => ({
      name,
      marathon: source.status(),
      withheld: guard.withheld(),
    }));
  return {
    ...{ each, incomplete, accountsFor },
    status: () => statusTogether(each(), nameOf),
    resync: (reason) => {
      for (const { source } of clusters) source.resync(reason);
    },
    withheld: () => withheldTogether(clusters.map(({ guard }) => guard.withheld())),
    approve: () => withheldTogether(clusters.map(({ guard }) => guard.approve())),
    stored: () => {
      const states = clusters.map(({ lastKnownGood }) => lastKnownGood.state());
      const times = states.flatMap(({ savedAt }) => savedAt ?? []);
      return {
        savedAt: times.length === 0 ? undefined : Math.min(...times),
        failure: states.find(({ failure }) => failure !== undefined)?.failure,
      };
    },
    close: async () => {
      await Promise.all(clusters.map(({ close }) => close()));
    },
  };
}
