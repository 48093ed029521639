/** Collects what changed in the mirror until the next pass takes it. Per app only the latest state counts. */
import type { MirrorDelta } from '../core/derive-changed.ts';
import type { AppId } from '../core/ids.ts';
import type { App } from '../core/model.ts';

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
  /** True where nothing changed, and it is time for a look at HAProxy. */
  readonly look: boolean;
}

export interface Inbox {
  readonly put: (news: MirrorNews) => void;
  /** Asks for a comparison of everything, where nothing came from Marathon. */
  readonly note: (cause: string) => void;
  /** Asks for a reload, even if nothing differs. */
  readonly demandReload: (cause: string) => void;
  /** Asks for a look at HAProxy; a change that comes meanwhile goes first. */
  readonly look: (cause: string) => void;
  /** Derives every app anew: something that all depend on has changed. */
  readonly touchAll: (cause: string) => void;
  /** The same for these apps alone. */
  readonly touch: (ids: readonly AppId[], cause: string) => void;
  readonly take: () => Change;
  /** True where something has come that a look at HAProxy must not hold up. */
  readonly waiting: () => boolean;
  /** Gives back what could not be worked on, so that it is taken again. */
  readonly putBack: (change: Change) => void;
  /** True once the stored mirror or the first complete snapshot has come. */
  readonly ready: () => boolean;
}

export function createInbox(): Inbox {
  let apps: ReadonlyMap<AppId, App> | undefined;
  let dirty = new Set<AppId>();
  let causes: string[] = [];
  let receivedAt: number | undefined;
  let everything = false;
  let reload = false;
  let look = false;

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
    look: (cause) => {
      look = true;
      causes.push(cause);
    },
    touchAll: (cause) => {
      for (const id of apps?.keys() ?? []) dirty.add(id);
      causes.push(cause);
    },
    touch: (ids, cause) => {
      for (const id of ids) if (apps?.has(id) === true) dirty.add(id);
      causes.push(cause);
    },
    take: () => {
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
        look: look && ids.length === 0 && !everything,
      };
      everything = reload = look = false;
      dirty = new Set();
      causes = [];
      receivedAt = undefined;
      return change;
    },
    waiting: () => dirty.size > 0 || everything || reload,
    putBack: (change) => {
      everything ||= change.everything;
      reload ||= change.reload;
      for (const app of change.delta.changed) dirty.add(app.id);
      for (const id of change.delta.removed) dirty.add(id);
      causes.unshift(change.cause);
      if (change.receivedAt !== undefined) receivedAt = Math.min(receivedAt ?? Infinity, change.receivedAt);
    },
  };
}

function summary(causes: readonly string[]): string {
  const [first = 'unknown', ...rest] = causes;
  return rest.length === 0 ? first : `${first} (+${rest.length} more)`;
}
