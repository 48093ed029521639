/**
 * All Marathon clusters as one: a mirror, a status, a guard. One that is out of reach keeps what is known of it, and
 * keeps nobody else waiting. It must not know what becomes of the apps.
 */
import type { MarathonStatus, MirrorChange } from '../marathon/source.ts';
import { MergedApps } from '../marathon/merged-apps.ts';
import type { LastKnownGood } from './last-known-good.ts';
import { followCluster, type Cluster, type ClusterParts } from './cluster.ts';
import { heldTogether, statusTogether, type ClusterStatus } from './clusters-status.ts';
import type { Hold } from './removal-guard.ts';

export interface Clusters {
  readonly status: () => MarathonStatus;
  readonly each: () => readonly ClusterStatus[];
  readonly resync: (reason: string) => void;
  readonly held: () => Hold | undefined;
  /** Lets go what is held back in any of them. @returns what that was */
  readonly approve: () => Hold | undefined;
  readonly stored: LastKnownGood['state'];
  readonly close: () => Promise<void>;
}

export interface ClustersParts extends ClusterParts {
  /** At the start, milliseconds to wait for the first answers of all; 30 s unless told. */
  readonly patienceMs?: number;
}

export async function followClusters(parts: ClustersParts): Promise<Clusters> {
  const [first, ...more] = parts.settings.clusters;
  if (more.length === 0) return together([await followCluster(first, parts)], (_, id) => id);
  return followSeveral(parts);
}

async function followSeveral(parts: ClustersParts): Promise<Clusters> {
  const { settings, log, onNews, patienceMs = 30_000 } = parts;
  const names = settings.clusters.map(({ name }) => name ?? '');
  const merged = new MergedApps(names);
  const silent = new Set(names);
  let waiting: MirrorChange | undefined;

  // What one knows is no whole mirror: the services of the others would be taken away.
  const begin = () => {
    clearTimeout(patience);
    const news = waiting;
    waiting = undefined;
    silent.clear();
    if (news !== undefined)
      onNews({ ...news, apps: merged.apps, changed: [...merged.apps.keys()], removed: [] });
  };
  const patience = setTimeout(() => {
    log.warn(
      { clusters: [...silent] },
      'clusters that have not answered yet and of which nothing is stored are left out',
    );
    begin();
  }, patienceMs);

  const clusters = await Promise.all(
    settings.clusters.map((cluster, index) =>
      followCluster(cluster, {
        ...parts,
        onNews: (news) => {
          const whole = merged.put(index, news);
          const begun = silent.size === 0;
          silent.delete(names[index] ?? '');
          if (begun) onNews(whole);
          else {
            waiting = whole;
            if (silent.size === 0) begin();
          }
        },
      }),
    ),
  );
  const all = together(clusters, (index, id) => merged.nameOf(index, id));
  return {
    ...all,
    close: async () => {
      clearTimeout(patience);
      await all.close();
    },
  };
}

function together(clusters: readonly Cluster[], nameOf: MergedApps['nameOf']): Clusters {
  const each = (): ClusterStatus[] =>
    clusters.map(({ name, source, guard }) => ({ name, marathon: source.status(), held: guard.held() }));
  return {
    each,
    status: () => statusTogether(each(), nameOf),
    resync: (reason) => {
      for (const { source } of clusters) source.resync(reason);
    },
    held: () => heldTogether(clusters.map(({ guard }) => guard.held())),
    approve: () => heldTogether(clusters.map(({ guard }) => guard.approve())),
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
