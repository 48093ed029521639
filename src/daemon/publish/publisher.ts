/** Brings a rendering to HAProxy: written as a revision, checked in place, made current, taken over by a reload. */
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

export interface Publisher {
  readonly write: (rendering: Rendering, desired: Desired, cause: string) => Promise<PublishedRevision>;
  /**
   * What HAProxy has against a revision, which is then gone; undefined where it accepts it.
   * `unhurried`: nobody waits for the verdict, so all else that runs comes first.
   */
  readonly complaints: (
    revision: PublishedRevision,
    unhurried?: 'unhurried',
  ) => Promise<readonly CheckMessage[] | undefined>;
  /** Removes a revision that is not to be used. */
  readonly discard: (revision: PublishedRevision) => Promise<void>;
  /** Makes the revision what a HAProxy that starts finds; one that runs is left alone. */
  readonly makeCurrent: (revision: PublishedRevision) => Promise<void>;
  /**
   * Makes the revision current and HAProxy run it; on failure the one before is current again.
   * @throws PacerError HAPROXY_RELOAD_FAILED, HAPROXY_START_FAILED, HAPROXY_UNREACHABLE
   */
  readonly apply: (revision: PublishedRevision, hash: string, isRunning: boolean) => Promise<void>;
  /** What the configuration of this hash listens on and serves; undefined where it is not known. */
  readonly contentsOf: (hash: string | undefined) => Contents | undefined;
  /** Of the revision that is current; undefined before there is one. */
  readonly activeHash: () => string | undefined;
  /** Looks at the disk again: somebody may have removed what is current. */
  readonly look: () => Promise<void>;
  /** The number of a change that is not written at once. */
  readonly takeNumber: () => number;
}

/** Skeletons whose contents are remembered: the running one is among the newest. */
const rememberedSkeletons = 20;

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

export interface PublisherOptions {
  readonly stateDir: string;
  /** Where else the configuration is kept, for a HAProxy that is started with that path. */
  readonly copyTo: string | undefined;
  readonly program: string;
  readonly control: HaproxyControl;
  readonly keep: number;
  readonly now: () => number;
}

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
        // A HAProxy that seemed away may have been busy, and is adopted with what it runs.
        if (isRunning || control.mode === 'command' || runningOf(await control.running())?.hash !== hash)
          await reload(control, hash);
      } catch (error) {
        // Whoever starts HAProxy next must find what was good.
        if (before !== undefined && before.directory !== revision.directory) {
          await switchTo(before);
          // The next attempt writes its own: a HAProxy that stays away must not fill the disk.
          await discard(revision);
        }
        throw error;
      }
      active = hash;
      await prune(stateDir, keep);
    },
  };
}

/** A configuration that HAProxy does not judge in time is as good as refused. */
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
    'the old configuration stays in service; correct what HAProxy names; Pacer tries again by itself',
  );
}

/** The full hash of the revision that is current; undefined where there is none that HAProxy could read. */
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
