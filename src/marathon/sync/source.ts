/**
 * Marathon for the daemon: a mirror that calls back on every change, and its status. No error of it reaches the
 * process.
 */
import { Follower } from './follow.ts';
import type { MarathonSource, MarathonSourceOptions } from '../mirror/source-types.ts';

export type {
  MarathonLogEntry,
  MarathonSource,
  MarathonSourceOptions,
  MarathonStatus,
  MirrorChange,
} from '../mirror/source-types.ts';

/** Starts to follow Marathon. */
export function followMarathon(options: MarathonSourceOptions): MarathonSource {
  return new Follower(options);
}
