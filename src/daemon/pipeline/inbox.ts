/** Collects what changed in the mirror until the next pass takes it. Per app only the latest state counts. */
import type { MirrorDelta } from '../../core/desired/derive-changed.ts';
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';

/** What the mirror tells: the whole of it, and what is new. */
export interface MirrorNews {
  readonly apps: ReadonlyMap<AppId, App>;
  readonly changed: readonly AppId[];
  readonly removed: readonly AppId[];
  readonly cause: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

export interface Change {
  readonly delta: MirrorDelta;
  readonly cause: string;
  /** When the first event of the change arrived; undefined where no event set it off. */
  readonly receivedAt: number | undefined;
  /** True where everything is to be compared, not only what changed. */
  readonly everything: boolean;
  /** True where HAProxy is to read its configuration anew even if nothing differs. */
  readonly reload: boolean;
}

export interface Inbox {
  readonly put: (news: MirrorNews) => void;
  /** Asks for a comparison of everything, where nothing came from Marathon. */
  readonly note: (cause: string) => void;
  /** Asks for a reload, even if nothing differs. */
  readonly demandReload: (cause: string) => void;
  /** Derives every app anew: something that all depend on has changed. */
  readonly touchAll: (cause: string) => void;
  /** Derives these anew: they were lost, or could not be derived. */
  readonly touch: (ids: Iterable<AppId>, cause: string) => void;
  /** What has come since it was last taken; undefined where nothing has. */
  readonly take: () => Change | undefined;
  /** The mirror, as far as it may be applied; empty before it has come. */
  readonly apps: () => ReadonlyMap<AppId, App>;
  /** True once the stored mirror or the first complete snapshot has come. */
  readonly ready: () => boolean;
}

const noApps: ReadonlyMap<AppId, App> = new Map();

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
