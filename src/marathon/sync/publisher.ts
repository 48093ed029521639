/** Publishes the mirror: an immutable map for each change, and only what really changed. */
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';
import { sameValue } from '../../core/collections/same.ts';
import { AppMap } from '../mirror/app-map.ts';
import type { Cause } from './refetch.ts';
import type { MirrorChange } from '../mirror/source-types.ts';

/** Publishes changes of the mirror. */
export class Publisher {
  readonly #onChange: (change: MirrorChange) => void;
  #apps = new AppMap();
  #published = false;
  #tasks = 0;

  constructor(onChange: (change: MirrorChange) => void) {
    this.#onChange = onChange;
  }

  get apps(): ReadonlyMap<AppId, App> {
    return this.#apps;
  }

  /** The number of tasks. Counted with each change, so that reading it does not walk ten thousand apps. */
  get tasks(): number {
    return this.#tasks;
  }

  /** `touched`: ids of apps that may differ from what was published last. The first snapshot is always published. */
  publish(
    kind: MirrorChange['kind'],
    current: Map<AppId, App>,
    touched: readonly AppId[],
    cause: Cause,
  ): void {
    const changes = new Map<AppId, App | undefined>();
    for (const id of touched) {
      const before = this.#apps.get(id);
      const after = current.get(id);
      if (before === undefined || after === undefined) {
        if (before !== after) changes.set(id, after);
      } else if (!sameValue(before, after)) changes.set(id, after);
      // Changed and changed back between two publications: the published object stays.
      else current.set(id, before);
    }
    if (changes.size === 0 && (this.#published || kind !== 'snapshot')) return;
    this.#published ||= kind === 'snapshot';
    for (const [id, app] of changes)
      this.#tasks += (app?.tasks.length ?? 0) - (this.#apps.get(id)?.tasks.length ?? 0);
    this.#apps = this.#apps.with(changes);
    const ids = [...changes.keys()];
    const { text, receivedAt, eventTime } = cause;
    this.#onChange({
      kind,
      apps: this.#apps,
      changed: ids.filter((id) => changes.get(id) !== undefined),
      removed: ids.filter((id) => changes.get(id) === undefined),
      cause: text,
      receivedAt,
      ...(eventTime !== undefined && { eventTime }),
    });
  }
}
