/** One Marathon cluster: its mirror, its removal guard and its stored mirror file. Knows nothing of other clusters. */
import { describeMarathonAddress } from '../../core/model/marathon-address.ts';
import type { MarathonCluster } from '../../core/model/marathon-access.ts';
import type { ServingContext } from '../../core/servers/serving.ts';
import { followMarathon, type MarathonSource, type MirrorChange } from '../../marathon/sync/source.ts';
import type { Logger } from '../../observe/log.ts';
import type { Settings } from '../../settings/settings.ts';
import { removalLog } from './describe-removal.ts';
import { keepLastKnownGood, type LastKnownGood } from '../storage/last-known-good.ts';
import { mirrorFile, type ReadMirror } from '../storage/mirror-file.ts';
import { createRemovalGuard, type RemovalGuard } from './removal-guard.ts';

/** One Marathon cluster that is being followed. */
export interface Cluster {
  readonly name: string | undefined;
  readonly source: MarathonSource;
  readonly guard: RemovalGuard;
  readonly lastKnownGood: LastKnownGood;
  readonly close: () => Promise<void>;
}

/** What `followCluster` needs, the same for every cluster. */
export interface ClusterParts {
  readonly settings: Settings;
  readonly context: ServingContext;
  readonly log: Logger;
  /** Receives each change that may be applied, after the removal guard. */
  readonly onNews: (news: MirrorChange) => void;
  /** Called for each event with the seconds between its own timestamp and its arrival. */
  readonly onEventLag: (seconds: number) => void;
}

/** What is known of one of the clusters before it has answered. */
export interface ClusterStart {
  readonly stored: ReadMirror | undefined;
  /** Where several clusters are merged: app id in this cluster → id among all apps, for the ids that differ. */
  readonly called?: () => Readonly<Record<string, string>>;
}

/** Starts to follow one cluster. Its stored mirror, if there is one, is passed on at once. */
export function followCluster(
  { name, access }: MarathonCluster,
  { stored, called }: ClusterStart,
  parts: ClusterParts,
): Cluster {
  const { settings, context, onNews, onEventLag } = parts;
  const log = name === undefined ? parts.log : parts.log.child({ cluster: name });
  const file = mirrorFile(settings.stateDir, name);
  if (stored !== undefined) sayStored(stored, log);
  const endpoints = access.endpoints.map(describeMarathonAddress);
  const lastKnownGood = keepLastKnownGood({
    file,
    savedAt: stored?.savedAt,
    origin: () => ({ endpoints, ...(called !== undefined && { called: called() }) }),
    confirmedAt: () => source.status().confirmedAt,
    onFailed: (error) =>
      log.warn(
        { file, error },
        'the mirror cannot be stored, so a start without Marathon would use an older one',
      ),
    now: Date.now,
  });
  const guard = createRemovalGuard({
    context,
    maxShare: settings.maxRemoval / 100,
    floor: settings.maxRemovalFloor,
    pauseMs: settings.removalPause * 1000,
    now: Date.now,
    elapsed: () => performance.now(),
    pass: (news) => {
      onNews(news);
      if (news.kind !== 'stored') lastKnownGood.changed(news.apps);
    },
    ask: (reason) => source.resync(reason),
    ...removalLog(log),
  });
  const source: MarathonSource = followMarathon({
    ...access,
    watchdogMs: settings.watchdogSeconds * 1000,
    requestTimeoutMs: settings.requestTimeout * 1000,
    ...(settings.resyncSeconds !== undefined && { resyncMs: settings.resyncSeconds * 1000 }),
    maxBackoffMs: settings.maxBackoff * 1000,
    ...(settings.poll && { pollOnly: true, pollMs: settings.pollInterval * 1000 }),
    ...(stored !== undefined && { stored }),
    onChange: (change) => {
      if (change.eventTime !== undefined) onEventLag((change.receivedAt - change.eventTime) / 1000);
      guard.put(change);
    },
    onSnapshot: (askedAt) => guard.confirmed(askedAt),
    log: ({ level, message, detail }) => log[level](detail ?? {}, message),
  });
  const close = async () => {
    await source.close();
    guard.close();
    await lastKnownGood.close();
  };
  return { name, source, guard, lastKnownGood, close };
}

function sayStored({ apps, savedAt, confirmedAt }: ReadMirror, log: Logger): void {
  const times = {
    savedAt: new Date(savedAt).toISOString(),
    confirmedAt: new Date(confirmedAt).toISOString(),
  };
  log.info({ apps: apps.size, ...times }, 'serving the stored mirror until Marathon sends a snapshot');
}
