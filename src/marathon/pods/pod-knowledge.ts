/** What earlier answers have told of pods, so that the next requests are the right ones. It asks for nothing itself. */
import type { AppId } from '../../core/model/ids.ts';
import type { RawPod } from './raw-pod.ts';

export class PodKnowledge {
  readonly ids = new Set<AppId>();
  /** Definitions by id and version; undefined: not to be had. They never change. */
  readonly versions = new Map<string, RawPod | undefined>();
  /** Why there was no list the last time. */
  problem: string | undefined;
}
