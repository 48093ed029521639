/**
 * Marathon as the daemon sees it: a mirror that calls back on every change, and its status. Nothing thrown
 * in here reaches the process. It must not know what becomes of the apps.
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

export function followMarathon(options: MarathonSourceOptions): MarathonSource {
  return new Follower(options);
}
