/** What earlier answers said about pods, so that the next requests are the right ones. Makes no requests itself. */
import type { AppId } from '../../core/model/ids.ts';
import type { RawPod } from './raw-pod.ts';

/** Known pods and their definitions. */
export class PodKnowledge {
  readonly ids = new Set<AppId>();
  /** Definitions by id and version; undefined: not available. They never change. */
  readonly versions = new Map<string, RawPod | undefined>();
  /** Why there was no list the last time; undefined if there was one. */
  problem: string | undefined;
}
