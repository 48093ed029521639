/**
 * Keeps the mirror on the disk, health answers included, for a start without Marathon. It follows the mirror
 * at a distance, so that no event waits for it and a busy cluster does not wear the disk out.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { messageOf } from '../../errors.ts';
import type { MirrorOrigin } from './mirror-format.ts';
import { noteConfirmed, writeMirror } from './mirror-file.ts';

export interface LastKnownGoodOptions {
  readonly file: string;
  /** Of what is in the file already. */
  readonly savedAt: number | undefined;
  readonly confirmedAt: () => number | undefined;
  /** What is noted beside the apps. */
  readonly origin?: () => MirrorOrigin;
  readonly onFailed: (message: string) => void;
  readonly now: () => number;
  /** Milliseconds that a change waits at least; 2 s unless told. */
  readonly lagMs?: number;
}

export interface LastKnownGood {
  readonly changed: (apps: ReadonlyMap<AppId, App>) => void;
  readonly state: () => { readonly savedAt: number | undefined; readonly failure: string | undefined };
  /** Writes what is not yet written. */
  readonly close: () => Promise<void>;
}

/** Writing may take this part of the time. */
const share = 1 / 20;
const noteMs = 10_000;
/** After a failure. */
const againMs = 30_000;

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
    // What is about to be written carries its own time; what could not be written is not confirmed.
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
