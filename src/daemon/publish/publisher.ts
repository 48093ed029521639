/**
 * Brings a rendering to HAProxy: writes it as a revision, checks it in place, makes it current, and reloads HAProxy.
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Desired } from '../../core/desired/desired.ts';
import type { BackendName } from '../../core/model/ids.ts';
import { PacerError } from '../../errors.ts';
import {
  checkConfiguration,
  type CheckMessage,
  type CheckOptions,
  type CheckResult,
} from '../../haproxy/files/check.ts';
import type { HaproxyControl } from '../../haproxy/control/control.ts';
import {
  activate,
  activeConfigFile,
  activeRevision,
  copyConfiguration,
  listRevisions,
  prune,
  publishRevision,
  type PublishedRevision,
} from '../../haproxy/files/publish.ts';
import { runningOf } from '../../haproxy/control/running.ts';
import { configurationFile, skeletonOf, type Rendering } from '../../render/render.ts';
import { bindKey } from './preflight-ports.ts';

/** Writes, checks and activates revisions. */
export interface Publisher {
  readonly write: (rendering: Rendering, desired: Desired, cause: string) => Promise<PublishedRevision>;
  /**
   * Why HAProxy refuses a revision, which is then deleted; undefined if it accepts it. `unhurried`: nobody waits for
   * the answer, so `haproxy -c` runs with low priority.
   */
  readonly complaints: (
    revision: PublishedRevision,
    unhurried?: 'unhurried',
  ) => Promise<readonly CheckMessage[] | undefined>;
  /** Deletes a revision that will not be used. */
  readonly discard: (revision: PublishedRevision) => Promise<void>;
  /** Makes the revision the one that the next start of HAProxy reads. A running HAProxy is left alone. */
  readonly makeCurrent: (revision: PublishedRevision) => Promise<void>;
  /**
   * Makes the revision current and has HAProxy run it. If that fails, the previous revision is current again.
   * @throws PacerError HAPROXY_RELOAD_FAILED, HAPROXY_START_FAILED, HAPROXY_UNREACHABLE
   */
  readonly apply: (revision: PublishedRevision, hash: string, isRunning: boolean) => Promise<void>;
  /** The listeners and backends of the configuration with this hash; undefined if they are not known. */
  readonly contentsOf: (hash: string | undefined) => Contents | undefined;
  /** The hash of the current revision; undefined before there is one. */
  readonly activeHash: () => string | undefined;
  /** The current configuration's text; undefined before there is one. */
  readonly activeText: () => Promise<string | undefined>;
  /** Reads the disk again: somebody may have removed what is current. */
  readonly look: () => Promise<void>;
  /** A new revision number, for a change whose text is written later. */
  readonly takeNumber: () => number;
}

/** How many skeletons' contents are remembered. The running one is among the newest. */
const rememberedSkeletons = 20;

/** What a configuration listens on and serves. */
export interface Contents {
  readonly binds: ReadonlySet<string>;
  readonly backends: ReadonlySet<BackendName>;
}

/** `revision.json` in each revision's directory. */
interface Manifest {
  readonly hash: string;
  readonly createdAt: string;
  readonly cause: string;
  readonly binds: readonly string[];
  readonly backends: readonly BackendName[];
}

/** Where and how revisions are published. */
export interface PublisherOptions {
  readonly stateDir: string;
  /** A second path of the configuration, for a HAProxy that is started with that path. */
  readonly copyTo: string | undefined;
  readonly program: string;
  readonly control: HaproxyControl;
  readonly keep: number;
  readonly now: () => number;
}

/** Creates the publisher, and reads what is current from the disk. */
export async function createPublisher({
  stateDir,
  copyTo,
  program,
  control,
  keep,
  now,
}: PublisherOptions): Promise<Publisher> {
  const revisions = await listRevisions(stateDir);
  let lastNumber = revisions[0]?.number ?? 0;
  let active = await activeHash(stateDir);
  const contents = new Map<string, Contents>();
  const remember = (manifest: Manifest) => {
    const skeleton = skeletonOf(manifest.hash) ?? '';
    contents.delete(skeleton);
    contents.set(skeleton, { binds: new Set(manifest.binds), backends: new Set(manifest.backends) });
    const [oldest] = contents.keys();
    if (contents.size > rememberedSkeletons && oldest !== undefined) contents.delete(oldest);
  };
  for (const { directory } of [...revisions].reverse()) {
    const manifest = await readManifest(directory);
    if (manifest !== undefined) remember(manifest);
  }
  const hashes = new WeakMap<PublishedRevision, string>();
  const copy = async () => {
    if (copyTo !== undefined) await copyConfiguration(stateDir, copyTo);
  };
  const switchTo = async ({ directory }: PublishedRevision) => {
    await activate(stateDir, directory);
    await copy();
  };
  if (active !== undefined) await copy();
  const makeCurrent = async (revision: PublishedRevision) => {
    await switchTo(revision);
    active = hashes.get(revision);
    await prune(stateDir, keep);
  };

  return {
    activeHash: () => active,
    activeText: () => readFile(activeConfigFile(stateDir), 'utf8').catch(() => undefined),
    look: async () => {
      active = await activeHash(stateDir);
    },
    takeNumber: () => (lastNumber += 1),
    contentsOf: (hash) => contents.get(skeletonOf(hash) ?? ''),
    write: async (rendering, desired, cause) => {
      lastNumber += 1;
      const services = [...desired.services.values()];
      const manifest: Manifest = {
        hash: rendering.hash,
        createdAt: new Date(now()).toISOString(),
        cause,
        binds: services
          .filter(({ definition }) => definition.listens)
          .map(({ definition }) => bindKey(definition)),
        backends: [...desired.services.keys()],
      };
      remember(manifest);
      const files = new Map(rendering.files).set('revision.json', `${JSON.stringify(manifest)}\n`);
      const revision = await publishRevision(stateDir, { number: lastNumber, hash: rendering.hash, files });
      hashes.set(revision, rendering.hash);
      return revision;
    },
    complaints: async (revision, unhurried) => {
      const file = join(revision.directory, configurationFile);
      const verdict = await judged({ program, file, unhurried: unhurried !== undefined });
      if (verdict.kind === 'accepted') return undefined;
      await discard(revision);
      return verdict.messages;
    },
    discard,
    makeCurrent,
    apply: async (revision, hash, isRunning) => {
      const before = await activeRevision(stateDir);
      try {
        await switchTo(revision);
        if (!isRunning) await control.start(activeConfigFile(stateDir), hash);
        // A HAProxy that seemed absent may have been busy. If it runs this text already, it is adopted.
        if (isRunning || control.mode === 'command' || runningOf(await control.running())?.hash !== hash)
          await reload(control, hash);
      } catch (error) {
        // Whoever starts HAProxy next must find the last good configuration.
        if (before !== undefined && before.directory !== revision.directory) {
          await switchTo(before);
          // The next attempt writes a new revision: a HAProxy that stays away must not fill the disk.
          await discard(revision);
        }
        throw error;
      }
      active = hash;
      await prune(stateDir, keep);
    },
  };
}

/** A configuration that HAProxy does not judge in time counts as refused. */
async function judged(options: CheckOptions): Promise<CheckResult> {
  try {
    return await checkConfiguration(options);
  } catch (error) {
    if (!(error instanceof PacerError) || error.code !== 'HAPROXY_REJECTS') throw error;
    return { kind: 'rejected', messages: [{ severity: 'alert', text: error.message }] };
  }
}

async function discard({ directory }: PublishedRevision): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

async function reload(control: HaproxyControl, hash: string): Promise<void> {
  const result = await control.reload(hash);
  if (result.kind === 'done') return;
  const messages = result.messages.map(({ text }) => text).join('; ');
  throw new PacerError(
    'HAPROXY_RELOAD_FAILED',
    messages === '' ? result.reason : `${result.reason}: ${messages}`,
    'the old configuration stays in service; correct what HAProxy names; Pacer tries again automatically',
  );
}

/** The full hash of the current revision; undefined if HAProxy could not read it. */
export async function activeHash(stateDir: string): Promise<string | undefined> {
  const active = await activeRevision(stateDir);
  if (active === undefined) return undefined;
  const text = await stat(join(active.directory, configurationFile)).catch(() => undefined);
  return text === undefined ? undefined : (await readManifest(active.directory))?.hash;
}

async function readManifest(directory: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, 'revision.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}
