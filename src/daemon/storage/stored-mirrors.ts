/**
 * What is stored of each cluster at the start. If nothing is stored under a cluster's name, the cluster may have been
 * renamed (`east` is `east-1` now, `marathon:` has become `clusters:`). Then a mirror stored under a name that is no
 * longer configured is served as its own until it answers. A missing name does not prove that its apps are gone.
 */
import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeMarathonAddress } from '../../core/model/marathon-address.ts';
import type { MarathonCluster } from '../../core/model/marathon-access.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../observe/log.ts';
import { mirrorFile, previousOf, readMirror, type ReadMirror } from './mirror-file.ts';

/** The stored mirrors of all clusters. */
export interface StoredMirrors {
  /** In the order of the clusters. */
  readonly stored: readonly (ReadMirror | undefined)[];
  /** Call when every cluster has given a snapshot: mirrors stored under other names are set aside. */
  readonly complete: () => Promise<void>;
}

interface Orphan {
  readonly file: string;
  readonly mirror: ReadMirror;
}

/** Never rejects: whatever is wrong with the files, Pacer starts without them. */
export async function readStoredMirrors(
  stateDir: string,
  clusters: readonly MarathonCluster[],
  log: Logger,
): Promise<StoredMirrors> {
  const own = clusters.map(({ name }) => mirrorFile(stateDir, name));
  const stored = await Promise.all(own.map((file) => readWithPrevious(file, log)));
  const files = (await namesIn(stateDir, log)).map((name) => join(stateDir, name));
  const others = files.filter((file) => isMirror.test(file) && !own.includes(file));
  const missing = clusters.filter((_, index) => stored[index] === undefined);
  const orphans: Orphan[] = [];
  // If every cluster has its own file, the others are not needed, and a broken one does not matter.
  if (missing.length > 0)
    for (const file of others) {
      const mirror = await readWithPrevious(file, log);
      if (mirror !== undefined && mirror.apps.size > 0) orphans.push({ file, mirror });
    }
  const adopted = adoptions(missing, orphans);
  for (const [{ name }, { file, mirror }] of adopted)
    log.warn(
      { file, apps: mirror.apps.size, ...(name !== undefined && { cluster: name }) },
      'nothing is stored under the name of this cluster; the mirror stored under a name that is no longer configured is served until this cluster answers',
    );
  return {
    stored: clusters.map((cluster, index) => stored[index] ?? adopted.get(cluster)?.mirror),
    complete: async () => {
      // Not before each cluster has a file under its own name: until then the adopted file is all there is.
      const written = await Promise.all(own.map((file) => stat(file).then(Boolean, () => false)));
      if (written.includes(false)) return;
      for (const file of others.splice(0)) await setUnused(file, log);
    },
  };
}

/**
 * Only if it is certain to which cluster a file belongs: it has an address of the cluster, or there is only one of
 * each.
 */
export function adoptions(
  missing: readonly MarathonCluster[],
  orphans: readonly Orphan[],
): Map<MarathonCluster, Orphan> {
  const adopted = new Map<MarathonCluster, Orphan>();
  const left = new Set(orphans);
  for (const cluster of missing) {
    const addresses = cluster.access.endpoints.map(describeMarathonAddress);
    const own = [...left].filter(({ mirror }) =>
      mirror.endpoints?.some((endpoint) => addresses.includes(endpoint)),
    );
    const [match] = own;
    if (match === undefined || own.length > 1) continue;
    adopted.set(cluster, match);
    left.delete(match);
  }
  const waiting = missing.filter((cluster) => !adopted.has(cluster));
  const [cluster, ...moreClusters] = waiting;
  const [orphan, ...moreOrphans] = left;
  if (cluster !== undefined && orphan !== undefined && moreClusters.length + moreOrphans.length === 0)
    adopted.set(cluster, orphan);
  return adopted;
}

const isMirror = /\/mirror(?:-[^/]+)?\.ndjson\.gz$/;

async function readWithPrevious(file: string, log: Logger): Promise<ReadMirror | undefined> {
  const read = await readMirror(file);
  if (read.kind === 'read') return read;
  if (read.kind === 'unusable')
    log.warn({ ...read, file }, `the stored mirror cannot be used (${read.reason}) and is set aside`);
  const previous = await readMirror(previousOf(file));
  if (previous.kind !== 'read') return undefined;
  log.warn({ file: previousOf(file) }, 'the previous stored mirror is used');
  return previous;
}

async function namesIn(folder: string, log: Logger): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    log.warn({ folder, error: messageOf(error) }, 'the stored mirrors cannot be listed');
    return [];
  }
}

/** Sets the file aside: otherwise its apps would be taken for those of a cluster that gets this name years later. */
async function setUnused(file: string, log: Logger): Promise<void> {
  const movedTo = `${file}.unused`;
  try {
    await rename(file, movedTo);
    await rename(previousOf(file), `${previousOf(file)}.unused`).catch(() => undefined);
    log.info(
      { file, movedTo },
      'a stored mirror belongs to no configured cluster, and all clusters have answered; it is set aside',
    );
  } catch (error) {
    log.warn(
      { file, error: messageOf(error) },
      'a stored mirror that is no longer needed cannot be set aside',
    );
  }
}
