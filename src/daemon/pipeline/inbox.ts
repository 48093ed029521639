/** Collects the changes of the mirror until the next pass takes them. Only the latest state of each app counts. */
import type { MirrorDelta } from '../../core/desired/derive-changed.ts';
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';

/** A change of the mirror: the whole mirror, and what is new in it. */
export interface MirrorNews {
  readonly apps: ReadonlyMap<AppId, App>;
  readonly changed: readonly AppId[];
  readonly removed: readonly AppId[];
  readonly cause: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** What a pass takes from the inbox. */
export interface Change {
  readonly delta: MirrorDelta;
  readonly cause: string;
  /** When the first event of the change arrived, in milliseconds since the epoch; undefined if no event caused it. */
  readonly receivedAt: number | undefined;
  /** True if everything is to be compared, not only what changed. */
  readonly everything: boolean;
  /** True if HAProxy is to read its configuration again, even if nothing differs. */
  readonly reload: boolean;
}

/** Changes that wait for the next pass. */
export interface Inbox {
  readonly put: (news: MirrorNews) => void;
  /** Requests a comparison of everything, although Marathon sent nothing. */
  readonly note: (cause: string) => void;
  /** Requests a reload, even if nothing differs. */
  readonly demandReload: (cause: string) => void;
  /** Derives every app again, because something that all depend on has changed. */
  readonly touchAll: (cause: string) => void;
  /** Derives these apps again: they were lost, or could not be derived. */
  readonly touch: (ids: Iterable<AppId>, cause: string) => void;
  /** Takes what has arrived since the last call; undefined if nothing has. */
  readonly take: () => Change | undefined;
  /** The mirror, without what the removal guard withholds. Empty before the first news. */
  readonly apps: () => ReadonlyMap<AppId, App>;
  /** True once the stored mirror or the first complete snapshot has arrived. */
  readonly ready: () => boolean;
}

const noApps: ReadonlyMap<AppId, App> = new Map();

/** Creates an empty inbox. */
export function createInbox(): Inbox {
  let apps: ReadonlyMap<AppId, App> | undefined;
  let dirty = new Set<AppId>();
  let causes: string[] = [];
  let receivedAt: number | undefined;
  let everything = false;
  let reload = false;

  return {
    ready: () => apps !== undefined,
    put: (news) => {
      apps = news.apps;
      for (const id of [...news.changed, ...news.removed]) dirty.add(id);
      causes.push(news.cause);
      receivedAt = Math.min(receivedAt ?? Infinity, news.receivedAt);
    },
    note: (cause) => {
      everything = true;
      causes.push(cause);
    },
    demandReload: (cause) => {
      everything = reload = true;
      causes.push(cause);
    },
    touchAll: (cause) => {
      for (const id of apps?.keys() ?? []) dirty.add(id);
      causes.push(cause);
    },
    touch: (ids, cause) => {
      for (const id of ids) dirty.add(id);
      causes.push(cause);
    },
    apps: () => apps ?? noApps,
    take: () => {
      if (causes.length === 0) return undefined;
      const ids = [...dirty];
      const change: Change = {
        delta: {
          changed: ids.flatMap((id) => apps?.get(id) ?? []),
          removed: ids.filter((id) => apps?.has(id) !== true),
        },
        cause: summary(causes),
        receivedAt,
        everything,
        reload,
      };
      everything = reload = false;
      dirty = new Set();
      causes = [];
      receivedAt = undefined;
      return change;
    },
  };
}

function summary(causes: readonly string[]): string {
  const [first = 'unknown', ...rest] = causes;
  return rest.length === 0 ? first : `${first} (+${rest.length} more)`;
}
