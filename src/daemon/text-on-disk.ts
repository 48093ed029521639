/**
 * The text on disk follows what was done at runtime: whoever starts or reloads HAProxy next must find it there.
 * It is written aside, so that no event waits for it; a reload waits for the text.
 */
import type { Desired } from '../core/desired.ts';
import { messageOf } from '../errors.ts';
import type { Rendering } from '../render/render.ts';
import { coalesce } from './coalesce.ts';
import type { PipelineState } from './pipeline-types.ts';
import type { Publisher } from './publisher.ts';

export interface TextOnDisk {
  /** Asks for the text to be written soon. Returns at once. */
  readonly request: () => void;
  /** Resolves when no text is being written. */
  readonly idle: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** Why the text does not follow; undefined while it does. */
  readonly failure: () => PipelineState['failure'];
  /** The text is what HAProxy runs, whoever wrote it. */
  readonly settled: () => void;
}

export interface TextParts {
  readonly publisher: Publisher;
  /** What HAProxy runs now, rendered; undefined where that is not known. */
  readonly current: () => { readonly desired: Desired; readonly rendering: Rendering } | undefined;
  readonly onWritten: (hash: string) => void;
  /** Asks for another complete pass after a while. */
  readonly again: (afterMs: number, why: string) => void;
  readonly now: () => number;
}

/** Milliseconds after which the text on disk follows what was done at runtime. */
const lagMs = 700;

export function textOnDisk({ publisher, current, onWritten, again, now }: TextParts): TextOnDisk {
  let failure: PipelineState['failure'];
  const writer = coalesce(async () => {
    try {
      await write();
      failure = undefined;
    } catch (error) {
      failure = { stage: 'publish', message: messageOf(error), at: new Date(now()).toISOString() };
      again(1000, 'the text on disk does not follow');
    }
  }, lagMs);

  /** @throws when it cannot be written, or HAProxy does not accept it */
  async function write(): Promise<void> {
    const state = current();
    if (state === undefined || publisher.activeHash() === state.rendering.hash) return;
    const { desired, rendering } = state;
    const revision = await publisher.write(rendering, desired, 'the text follows the runtime');
    const messages = await publisher.complaints(revision, 'unhurried');
    if (messages !== undefined) throw new Error(messages.map(({ text }) => text).join('; '));
    await publisher.makeCurrent(revision);
    onWritten(rendering.hash);
  }

  return {
    request: writer.request,
    idle: writer.idle,
    close: writer.close,
    failure: () => failure,
    settled: () => {
      failure = undefined;
    },
  };
}
