/**
 * Keeps the mirror on disk, health results included, for a start without Marathon. It is written some time after a
 * change, so that no event waits for it, and a busy cluster does not wear out the disk.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { messageOf } from '../../errors.ts';
import type { MirrorOrigin } from './mirror-format.ts';
import { noteConfirmed, writeMirror } from './mirror-file.ts';

/** What `keepLastKnownGood` needs. */
export interface LastKnownGoodOptions {
  readonly file: string;
  /** When the present file was saved, in milliseconds since the epoch; undefined if there is none. */
  readonly savedAt: number | undefined;
  readonly confirmedAt: () => number | undefined;
  /** What is stored besides the apps. */
  readonly origin?: () => MirrorOrigin;
  readonly onFailed: (message: string) => void;
  readonly now: () => number;
  /** Milliseconds between a change and its writing, at least. Default: 2 s. */
  readonly lagMs?: number;
}

/** The stored mirror. */
export interface LastKnownGood {
  readonly changed: (apps: ReadonlyMap<AppId, App>) => void;
  readonly state: () => { readonly savedAt: number | undefined; readonly failure: string | undefined };
  /** Writes what is not yet written. */
  readonly close: () => Promise<void>;
}

/** The share of the time that may be spent writing. */
const share = 1 / 20;
const noteMs = 10_000;
/** Milliseconds until the next attempt after a failure. */
const againMs = 30_000;

/** Creates the writer. It writes nothing before the first change. */
export function keepLastKnownGood(options: LastKnownGoodOptions): LastKnownGood {
  const { file, confirmedAt, origin, onFailed, now, lagMs = 2_000 } = options;
  let unsaved: ReadonlyMap<AppId, App> | undefined;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let tookMs = 0;
  let { savedAt } = options;
  let failure: string | undefined;
  let closed = false;

  const save = async () => {
    const apps = unsaved;
    unsaved = undefined;
    if (apps === undefined) return;
    const startedAt = now();
    const began = performance.now();
    try {
      await writeMirror(file, apps, startedAt, confirmedAt() ?? startedAt, origin?.());
      savedAt = startedAt;
      failure = undefined;
    } catch (error) {
      unsaved ??= apps;
      const message = messageOf(error);
      if (message !== failure) onFailed(message);
      failure = message;
    }
    tookMs = performance.now() - began;
  };
  const plan = () => {
    if (closed || unsaved === undefined || writing !== undefined) return;
    const waitMs = failure === undefined ? Math.max(lagMs, tookMs / share) : againMs;
    timer ??= setTimeout(() => {
      timer = undefined;
      writing = save().finally(() => {
        writing = undefined;
        plan();
      });
    }, waitMs).unref();
  };
  const note = setInterval(() => {
    const at = confirmedAt();
    // What is about to be written has its own time, and what could not be written is not confirmed.
    if (at !== undefined && savedAt !== undefined && unsaved === undefined)
      noteConfirmed(file, at).catch(() => undefined);
  }, noteMs).unref();

  return {
    changed: (apps) => {
      unsaved = apps;
      plan();
    },
    state: () => ({ savedAt, failure }),
    close: async () => {
      closed = true;
      clearInterval(note);
      clearTimeout(timer);
      await writing;
      await save();
    },
  };
}
