/**
 * Stands between the mirror and what is applied. If a snapshot or a burst of events would remove too much at once, the
 * removal is withheld until Marathon confirms it after a pause, or an operator approves it. Additions pass at once, and
 * so do removals of tasks whose end Marathon announced before. The mirror itself always shows what Marathon says.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App, Task } from '../../core/model/model.ts';
import { servingTasks, type ServingContext } from '../../core/servers/serving.ts';
import { AppMap } from '../../marathon/mirror/app-map.ts';
import type { MirrorChange } from '../../marathon/sync/source.ts';
import { WithheldTasks } from './withheld-tasks.ts';
import { Removals, type Loss } from './removals.ts';

/** What the guard needs. */
export interface RemovalGuardOptions {
  readonly context: ServingContext;
  /** The share of servers, or of apps, that may be removed at once, 0 to 1. With 1 nothing is withheld. */
  readonly maxShare: number;
  /** This many servers may be removed at once, whatever their share. */
  readonly floor: number;
  /** Milliseconds between the start of a withheld removal and the earliest snapshot that can confirm it. */
  readonly pauseMs: number;
  /** Milliseconds since the epoch, for times that are shown to people. */
  readonly now: () => number;
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number;
  /** Passes on a change that may be applied. */
  readonly pass: (news: MirrorChange) => void;
  /** Asks Marathon for its whole state. */
  readonly ask: (reason: string) => void;
  readonly onWithheld: (removal: WithheldRemoval) => void;
  readonly onReleased: (removal: WithheldRemoval, why: Release) => void;
}

/** A removal that is withheld, and its present size. */
export interface WithheldRemoval extends Loss {
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly cause: string;
}

/** Why a removal is no longer withheld. */
export type Release = 'a second snapshot confirms it' | 'it is approved' | 'Marathon lists it again';

/** The guard of one cluster. */
export interface RemovalGuard {
  readonly put: (news: MirrorChange) => void;
  /** Call when the mirror is Marathon's whole state. `askedAt`: when it was requested, by `elapsed`. */
  readonly confirmed: (askedAt: number) => void;
  /** Releases what is withheld. @returns what was withheld; undefined if nothing was */
  readonly approve: () => WithheldRemoval | undefined;
  readonly withheld: () => WithheldRemoval | undefined;
  readonly close: () => void;
}

/** Removals within this many milliseconds count as one. */
const burstMs = 10_000;

/** Creates the guard. It withholds nothing before the first change. */
export function createRemovalGuard(options: RemovalGuardOptions): RemovalGuard {
  const {
    context,
    maxShare,
    floor,
    pauseMs,
    now,
    elapsed,
    pass,
    ask,
    onWithheld: onHold,
    onReleased: onRelease,
  } = options;
  const removals = new Removals();
  const serving = (app: App | undefined): readonly Task[] => servingTasks(app, context);
  let mirror: ReadonlyMap<AppId, App> = new AppMap();
  /** What was passed on. The same as the mirror while nothing is withheld. */
  let passed = new AppMap();
  let started = false;
  let withholding:
    { since: number; began: number; cause: string; bySnapshot: boolean; tasks: WithheldTasks } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function put(news: MirrorChange): void {
    const before = mirror;
    mirror = news.apps;
    const ids = [...news.changed, ...news.removed];
    count(ids, before);
    const { loss } = removals;
    if (withholding === undefined && !isTooMuch(loss, news.kind === 'snapshot')) {
      passed = AppMap.of(mirror);
      pass(news);
      return;
    }
    if (withholding !== undefined && isOver(withholding, loss)) {
      release('Marathon lists it again', news);
      return;
    }
    withholding ??= withhold(news);
    const { tasks } = withholding;
    const ousted = ids.flatMap((id) => tasks.follow(before.get(id), mirror.get(id)));
    passOn(news, new Set([...ids, ...ousted]));
  }

  function count(ids: readonly AppId[], before: ReadonlyMap<AppId, App>): void {
    // While a removal is withheld, the state it is compared with stays the same.
    if (withholding === undefined) removals.forget(elapsed() - burstMs);
    for (const id of ids) {
      const still = new Set(serving(mirror.get(id)).map((task) => task.id));
      const announced = serving(before.get(id)).filter((task) => task.leaving && !still.has(task.id));
      removals.set(id, still.size, announced.length, elapsed());
    }
    // Apps that are there at the start are not additions.
    if (!started) removals.forget(Infinity);
    started = true;
  }

  function isTooMuch(loss: Loss, isSnapshot: boolean): boolean {
    const { servers, of } = loss;
    // A snapshot without any server is more likely wrong than true, even for a small cluster.
    const allowed = isSnapshot && servers === of.servers ? 0 : floor;
    return servers > allowed && exceedsShare(loss);
  }

  function exceedsShare({ servers, apps, of }: Loss): boolean {
    return servers > of.servers * maxShare || apps > of.apps * maxShare;
  }

  /**
   * If some of what a snapshot dropped is listed again, that snapshot was wrong. So the rest stays in service until
   * another snapshot drops it too. Events are different: each event of a burst was true.
   */
  function isOver({ bySnapshot }: { readonly bySnapshot: boolean }, loss: Loss): boolean {
    return loss.servers === 0 || (!bySnapshot && !exceedsShare(loss));
  }

  function withhold({ cause, kind }: MirrorChange) {
    const since = now();
    timer = setTimeout(() => ask('confirming a withheld removal'), pauseMs);
    onHold({ ...removals.loss, since, cause });
    const tasks = new WithheldTasks(mirror, serving);
    return { since, began: elapsed(), cause, bySnapshot: kind === 'snapshot', tasks };
  }

  function passOn(news: Omit<MirrorChange, 'apps' | 'changed' | 'removed'>, ids: Iterable<AppId>): void {
    const changes = new Map<AppId, App | undefined>();
    for (const id of ids) {
      const ours = passed.get(id);
      const theirs = mirror.get(id);
      const next = withholding === undefined ? theirs : withholding.tasks.compose(ours, theirs);
      if (next !== ours) changes.set(id, next);
    }
    passed = withholding === undefined ? AppMap.of(mirror) : passed.with(changes);
    const changed = [...changes.keys()].filter((id) => passed.has(id));
    const removed = [...changes.keys()].filter((id) => !passed.has(id));
    pass({ ...news, apps: passed, changed, removed });
  }

  function release(why: Release, news?: MirrorChange): WithheldRemoval | undefined {
    const released = withheld();
    if (withholding === undefined || released === undefined) return undefined;
    clearTimeout(timer);
    const ids = new Set([...withholding.tasks.apps, ...(news?.changed ?? []), ...(news?.removed ?? [])]);
    withholding = undefined;
    if (why !== 'Marathon lists it again') removals.forget(Infinity);
    onRelease(released, why);
    passOn(news ?? { kind: 'events', cause: `${released.cause}: ${why}`, receivedAt: now() }, ids);
    return released;
  }

  const withheld = (): WithheldRemoval | undefined =>
    withholding === undefined
      ? undefined
      : { ...removals.loss, since: withholding.since, cause: withholding.cause };

  return {
    put,
    confirmed: (askedAt) => {
      if (withholding !== undefined && askedAt >= withholding.began + pauseMs)
        release('a second snapshot confirms it');
    },
    approve: () => release('it is approved'),
    withheld,
    close: () => clearTimeout(timer),
  };
}
