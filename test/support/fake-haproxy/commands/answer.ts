/** What a command answers, and what it is given. Types and the shortest ways to make them. */
import type { FakeWorker } from '../worker.ts';

export interface Answer {
  /** A syslog level, where HAProxy gives one. */
  readonly severity?: number;
  readonly text: string;
}

export interface CommandContext {
  readonly worker: FakeWorker;
  readonly now: number;
  /** What the session has switched on: it ends with the connection. */
  readonly session: { experimental: boolean };
}

/** @param words after the command's own */
export type Command = (
  words: readonly string[],
  context: CommandContext,
  payload: string | undefined,
) => Answer;

/** Most commands say nothing when all is well. */
export const silent: Answer = { text: '' };
export const failed = (text: string): Answer => ({ severity: 3, text });
export const notice = (text: string): Answer => ({ severity: 4, text });
export const warned = (text: string): Answer => ({ severity: 5, text });
export const told = (text: string): Answer => ({ severity: 6, text });
export const shown = (text: string): Answer => ({ text });
