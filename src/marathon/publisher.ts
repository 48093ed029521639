/**
 * Hands the mirror out: an immutable map for each change, and only what really changed. It must not know what
 * made the change.
 */
import type { AppId } from '../core/ids.ts';
import type { App } from '../core/model.ts';
import { sameValue } from '../core/same.ts';
import type { Cause } from './refetch.ts';
import type { MirrorChange } from './source-types.ts';

export class Publisher {
  readonly #onChange: (change: MirrorChange) => void;
  #apps: ReadonlyMap<AppId, App> = new Map();
  #published = false;

  constructor(onChange: (change: MirrorChange) => void) {
    this.#onChange = onChange;
  }

  get apps(): ReadonlyMap<AppId, App> {
    return this.#apps;
  }

  /** `touched`: the ids that may differ from what was handed out last. The first snapshot is always handed out. */
  publish(
    kind: MirrorChange['kind'],
    current: Map<AppId, App>,
    touched: readonly AppId[],
    cause: Cause,
  ): void {
    const changed: AppId[] = [];
    const removed: AppId[] = [];
    for (const id of touched) {
      const before = this.#apps.get(id);
      const after = current.get(id);
      if (after === undefined) {
        if (before !== undefined) removed.push(id);
      } else if (before === undefined || !sameValue(before, after)) changed.push(id);
      // Changed and changed back between two hand-outs: the object that is known outside stays.
      else current.set(id, before);
    }
    if (changed.length === 0 && removed.length === 0 && (this.#published || kind !== 'snapshot')) return;
    this.#published = true;
    this.#apps = new Map(current);
    const { text, receivedAt, eventTime } = cause;
    this.#onChange({
      kind,
      apps: this.#apps,
      changed,
      removed,
      cause: text,
      receivedAt,
      ...(eventTime !== undefined && { eventTime }),
    });
  }
}
