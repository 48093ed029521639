/**
 * The addresses of the agents that tasks run on. Nothing waits for the DNS: an app is derived with the names that are
 * known, and again when one of its names gets an address. Names that do not resolve do not delay others, and the last
 * answer is kept while no server answers.
 */
import type { MirrorDelta } from '../../core/desired/derive-changed.ts';
import type { AppId } from '../../core/model/ids.ts';
import { isIp } from '../../core/labels/address.ts';
import { messageOf } from '../../errors.ts';
import { hostUse } from './host-use.ts';
import { systemNames, type NameSource } from './system.ts';
import { usualTimes, withDeadline, type HostTimes } from './times.ts';
import { turns } from './turns.ts';
import type { UnresolvedHost } from './unresolved.ts';

/** The addresses of agents. */
export interface HostTable {
  /** The address as far as it is known now. */
  readonly resolve: (host: string) => string | undefined;
  /** Records on which agents the tasks of these apps run, and looks up names that are not known. Returns at once. */
  readonly track: (delta: Pick<MirrorDelta, 'removed'> & { readonly changed: readonly HostUser[] }) => void;
  /** Waits until every name has an answer or has failed once, but not longer than `limitMs`. */
  readonly settled: (limitMs: number) => Promise<void>;
  /** Names without an address, and why. */
  readonly unresolved: () => readonly UnresolvedHost[];
  readonly close: () => void;
}

/** The part of an app that the table needs. */
export interface HostUser {
  readonly id: AppId;
  readonly tasks: readonly { readonly host: string }[];
}

/** What the table needs. */
export interface HostTableOptions {
  /** The address of a name changed; these apps have tasks there. */
  readonly onChange: (host: string, apps: readonly AppId[]) => void;
  /** A name has no address. Called once, until it gets one. */
  readonly onUnresolved?: (unresolved: UnresolvedHost) => void;
  readonly names?: NameSource;
  /** Answers from before the start. They are used until there are new ones. */
  readonly known?: ReadonlyMap<string, string>;
  /** Called some time after answers changed. */
  readonly save?: (hosts: ReadonlyMap<string, string>) => void;
  readonly times?: Partial<HostTimes>;
}

interface Entry {
  address: string | undefined;
  /** On the clock of `performance.now()`. */
  dueAt: number;
  failures: number;
  asking: boolean;
  why: string;
}

/** Creates the table. */
export function hostTable(options: HostTableOptions): HostTable {
  const { onChange, onUnresolved, names = systemNames(), known = new Map<string, string>(), save } = options;
  const times = { ...usualTimes, ...options.times };
  const entries = new Map<string, Entry>();
  const use = hostUse();
  const line = turns(times.patience);
  const unsettled = new Set<Entry>();
  const waiting = new Set<() => void>();
  let saving: NodeJS.Timeout | undefined;
  let refreshing: Promise<void> | undefined;
  let begun = false;
  let closed = false;

  const saveSoon = () => {
    if (save === undefined || closed) return;
    saving ??= setTimeout(() => {
      saving = undefined;
      save(
        new Map(
          [...entries].flatMap(([host, { address }]) => (address === undefined ? [] : [[host, address]])),
        ),
      );
    }, times.save).unref();
  };
  const settle = (entry: Entry) => {
    unsettled.delete(entry);
    if (unsettled.size === 0) for (const done of waiting) done();
  };
  const answered = (host: string, entry: Entry, address: string, holdsMs: number) => {
    entry.failures = 0;
    entry.why = '';
    entry.dueAt = performance.now() + holdsMs;
    if (address !== entry.address) {
      entry.address = address;
      onChange(host, use.appsOn(host));
      saveSoon();
    }
    settle(entry);
  };
  /** The last answer is kept: a resolver that does not answer must not remove servers. */
  const failed = (host: string, entry: Entry, why: string) => {
    entry.why = why;
    entry.dueAt = performance.now() + Math.min(times.firstRetry * 2 ** entry.failures, times.lastRetry);
    entry.failures += 1;
    if (entry.failures === 1 && entry.address === undefined)
      onUnresolved?.({ host, why, apps: use.appsOn(host) });
    settle(entry);
  };
  const ask = async (host: string, entry: Entry) => {
    const isCurrent = () => !closed && entries.get(host) === entry;
    try {
      if (!isCurrent()) return;
      const answer = await withDeadline(names.ask(host), times.deadline);
      if (!isCurrent()) return;
      if (answer === undefined) failed(host, entry, 'there is no such name');
      else
        answered(
          host,
          entry,
          answer.address,
          Math.min(Math.max(answer.ttlMs, times.leastTtl), times.mostTtl),
        );
    } catch (error) {
      if (isCurrent()) failed(host, entry, messageOf(error));
    } finally {
      entry.asking = false;
    }
  };
  const look = (host: string, entry: Entry) => {
    const address = names.inFile(host);
    if (address !== undefined) answered(host, entry, address, Infinity);
    else if (!entry.asking) {
      entry.asking = true;
      // New names first; names that failed before come last.
      line.take(unsettled.has(entry) ? 0 : entry.failures > 0 ? 2 : 1, () => ask(host, entry));
    }
  };
  const lookAtDue = () => {
    const now = performance.now();
    if (begun) for (const [host, entry] of entries) if (entry.dueAt <= now) look(host, entry);
  };
  /** The hosts file is read first. If it cannot be read in time, names that the DNS knows do not wait. */
  const begin = () => {
    if (begun) return;
    begun = true;
    lookAtDue();
  };
  const refresh = async () => {
    const changed = await names.refresh();
    if (closed) return;
    begin();
    // The names in the file now, and those in it before.
    for (const [host, entry] of changed ? entries : [])
      if (entry.dueAt === Infinity || names.inFile(host) !== undefined) look(host, entry);
  };
  const tick = () => {
    refreshing ??= refresh().finally(() => (refreshing = undefined));
    for (const host of use.unusedFor(times.keep)) forget(host);
    lookAtDue();
  };
  const forget = (host: string) => {
    const entry = entries.get(host);
    if (entry !== undefined) unsettled.delete(entry);
    entries.delete(host);
    use.forget(host);
  };
  const timer = setInterval(tick, times.tick).unref();
  tick();
  const beginning = setTimeout(begin, times.patience).unref();

  return {
    resolve: (host) => entries.get(host)?.address,
    track: ({ changed, removed }) => {
      for (const id of removed) use.set(id, []);
      for (const { id, tasks } of changed) {
        const hosts = tasks.map(({ host }) => host).filter((host) => host !== '' && !isIp(host));
        for (const host of use.set(id, hosts)) {
          if (entries.has(host)) continue;
          const entry = {
            ...{ address: known.get(host), dueAt: 0, failures: 0, asking: false, why: '' },
          };
          entries.set(host, entry);
          unsettled.add(entry);
          if (begun) look(host, entry);
        }
      }
    },
    settled: async (limitMs) => {
      if (unsettled.size === 0) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(limit);
          waiting.delete(done);
          resolve();
        };
        const limit = setTimeout(done, limitMs);
        waiting.add(done);
      });
    },
    unresolved: () =>
      [...entries].flatMap(([host, { address, why }]) =>
        address === undefined ? [{ host, why, apps: use.appsOn(host) }] : [],
      ),
    close: () => {
      closed = true;
      clearInterval(timer);
      clearTimeout(beginning);
      clearTimeout(saving);
    },
  };
}
