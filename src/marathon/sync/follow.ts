/**
 * Drives the mirror: attaches the stream, takes the base snapshot from the same node, applies events, fetches what they
 * name, polls while the stream is down, and resyncs on a slow timer. Every failure ends here, in log and status. Knows
 * nothing of what the apps mean.
 */
import type { AppId } from '../../core/model/ids.ts';
import { messageOf } from '../../errors.ts';
import { fetchVersion } from '../client/api.ts';
import { Batch } from './batch.ts';
import type { MarathonClient } from '../client/client.ts';
import { DiagnosticsByApp } from '../decode/diagnostics.ts';
import { describeUrl } from '../http/endpoints.ts';
import { describeEvent, type MarathonEvent } from '../decode/event-types.ts';
import { MarathonEvents } from '../events/events.ts';
import { fetchBelow, fetchOne } from '../client/fetch.ts';
import { FullSync, slowTimer, type FullAnswer } from './full-sync.ts';
import { MirrorState } from '../mirror/mirror-state.ts';
import type { Wishes } from '../mirror/plans.ts';
import { pauses } from '../bounds/pauses.ts';
import { loggingClient } from '../client/logging-client.ts';
import { Publisher } from './publisher.ts';
import { Recheck } from './recheck.ts';
import { Refetch, type Cause, type Target } from './refetch.ts';
import { freshness, SyncStatus } from './sync-status.ts';
import type {
  MarathonLogEntry,
  MarathonSource,
  MarathonSourceOptions,
  MarathonStatus,
  MirrorChange,
  StoredApps,
} from '../mirror/source-types.ts';

/** Follows one Marathon. */
export class Follower implements MarathonSource {
  readonly #options: MarathonSourceOptions;
  readonly #now: () => number;
  readonly #elapsed: () => number;
  readonly #client: MarathonClient;
  readonly #mirror = new MirrorState();
  readonly #diagnostics = new DiagnosticsByApp();
  readonly #publisher: Publisher;
  readonly #refetch: Refetch;
  readonly #sync: FullSync;
  readonly #events: MarathonEvents;
  readonly #recheck: Recheck;
  readonly #closed = new AbortController();
  /** Causes of the events that changed something since the last change was handed out. */
  readonly #batch = new Batch((cause) => this.#publish('events', cause));
  #plansTimer: NodeJS.Timeout | undefined;
  readonly #vitals = new SyncStatus();
  #podsProblem: string | undefined;

  constructor(options: MarathonSourceOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#elapsed = options.elapsed ?? (() => performance.now());
    this.#client = loggingClient(
      options,
      (leader) => this.#otherEndpoints(leader),
      (...entry) => this.#log(...entry),
    );
    this.#publisher = new Publisher(options.onChange);
    this.#refetch = new Refetch({
      fetch: (target, cause) => this.#fetchOne(target, cause),
      moment: () => ({ now: this.#now(), elapsed: this.#elapsed() }),
      maxBackoffMs: options.maxBackoffMs,
      onTooMany: (since) => this.#sync.request('too many apps changed', since),
      onFailed: (error) => {
        this.#failed('an app could not be fetched', error);
        this.#sync.request('a fetch failed');
      },
    });
    this.#recheck = new Recheck({
      readinessMs: options.readinessMs ?? 1_000,
      unreachableMs: options.unreachableMs ?? 30_000,
      onDue: (apps) => {
        const cause = { text: 'state that no event reports', receivedAt: this.#now(), eventTime: undefined };
        // While the stream is down, the polls fetch it.
        if (this.#connected) this.#refetch.wish({ apps, groups: [] }, cause);
      },
    });
    this.#sync = new FullSync({
      client: this.#client,
      now: this.#now,
      elapsed: this.#elapsed,
      mark: () => this.#mirror.mark(),
      over: (mark) => this.#mirror.over(mark),
      node: () => this.#vitals.node,
      pollMs: options.pollMs ?? 5_000,
      pollOnly: options.pollOnly === true,
      maxBackoffMs: options.maxBackoffMs,
      // [marathon] before 1.8 a slow consumer loses events silently; later versions close its connection
      resyncMs: () => options.resyncMs ?? (this.#mirror.hasGoals ? 600_000 : 60_000),
      onAnswer: (answer) => this.#installAll(answer),
      onFailed: (error) => this.#failed('the full list of apps could not be fetched', error),
    });
    const { endpoints, transport } = this.#client;
    this.#events = new MarathonEvents({
      endpoints,
      transport,
      watchdogMs: options.watchdogMs ?? 30_000,
      wanted: options.pollOnly !== true,
      maxBackoffMs: options.maxBackoffMs,
      now: this.#now,
      elapsed: this.#elapsed,
      onAttached: (node, endpoint) => this.#attached(node, endpoint),
      onEvent: (event, receivedAt) => this.#take(event, receivedAt),
      onBytes: (receivedAt) => {
        if (this.#connected) this.#vitals.confirmedAt = receivedAt;
      },
      onUnreadable: (reason) => {
        this.#log('warn', 'an event of Marathon cannot be read', { reason });
        this.#sync.request('an event could not be read');
      },
      onDown: (reason, wasAttached) => this.#down(reason, wasAttached),
    });
    if (options.stored !== undefined) this.#takeStored(options.stored);
  }

  status(): MarathonStatus {
    const { events, unknown, reconnects } = this.#events.counts;
    const { apps, tasks } = this.#publisher;
    const secretsProblem = this.#client.rotation?.problem;
    return {
      connected: this.#connected,
      ...this.#vitals.status(this.#client.endpoints.leader),
      ...freshness(this.#vitals.confirmedAt, [...this.#sync.pending, ...this.#refetch.pending]),
      apps: apps.size,
      tasks,
      events: { ...events },
      unknownEvents: unknown,
      reconnects,
      resyncs: this.#sync.resyncs,
      resyncDifferences: this.#mirror.drift.settle(this.#elapsed()),
      ...(secretsProblem !== undefined && { secretsProblem }),
      endpoints: this.#client.endpoints.status(),
      discovery: this.#client.discovery.status(),
      diagnostics: this.#diagnostics.all,
    };
  }

  resync(reason: string): void {
    void this.#client.transport.refresh(true);
    this.#sync.request(reason);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    clearTimeout(this.#plansTimer);
    this.#sync.close();
    this.#refetch.close();
    this.#recheck.close();
    await this.#events.close();
    await this.#client.close();
  }

  get #connected(): boolean {
    if (this.#options.pollOnly === true) return this.#vitals.basis === 'marathon' && !this.#sync.fails;
    return this.#vitals.node !== undefined && this.#mirror.isSettled;
  }

  /** Not before the caller has received this object. */
  #takeStored({ apps, confirmedAt }: StoredApps): void {
    this.#vitals.basis = 'stored';
    this.#vitals.confirmedAt = confirmedAt;
    this.#mirror.store.seed(apps.values());
    queueMicrotask(() =>
      this.#publish('stored', { text: 'stored mirror', receivedAt: this.#now(), eventTime: undefined }),
    );
  }

  #attached(node: URL, endpoint: URL): void {
    this.#vitals.node = node;
    this.#vitals.endpoint = endpoint;
    this.#mirror.newStream();
    this.#refetch.covered(this.#elapsed());
    this.#log('info', 'the event stream of Marathon is attached', { node: describeUrl(node) });
    this.#sync.restart('the stream was attached');
    void this.#learnVersion(node);
  }

  /** ZooKeeper knows of a new leader at once, while a stream from an old one that hangs may stay silent. */
  #otherEndpoints(leader: URL | undefined): void {
    if (this.#vitals.node === undefined) this.#events.wake();
    if (leader === undefined || this.#vitals.node === undefined || this.#vitals.node.host === leader.host)
      return;
    this.#log('info', 'Marathon has another leader', { leader: describeUrl(leader) });
    this.#events.reattach();
  }

  #down(reason: string, wasAttached: boolean): void {
    this.#vitals.node = undefined;
    this.#vitals.lastError = { message: reason, at: this.#now() };
    this.#log(wasAttached ? 'warn' : 'debug', 'the event stream of Marathon is down', { reason });
    // Poll from the first failure on: the stream may be refused forever while the list is not.
    this.#sync.lostStream();
  }

  #take(event: MarathonEvent, receivedAt: number): void {
    this.#vitals.took(event, receivedAt);
    const cause: Cause = { text: describeEvent(event), receivedAt, eventTime: event.at };
    const { revision } = this.#mirror.store;
    this.#fulfil(this.#mirror.apply(event, this.#elapsed()), cause);
    if (this.#mirror.store.revision === revision) return;
    this.#batch.add(cause);
  }

  #fulfil(wishes: Wishes, cause: Cause): void {
    this.#refetch.wish(wishes, cause);
    clearTimeout(this.#plansTimer);
    const dueAt = this.#mirror.plans.dueAt;
    if (dueAt === undefined) return;
    this.#plansTimer = setTimeout(
      () =>
        this.#fulfil(this.#mirror.plans.overdue(this.#elapsed()), {
          ...cause,
          text: `${cause.text} (overdue)`,
        }),
      Math.max(10, dueAt - this.#elapsed()),
    );
  }

  async #fetchOne(target: Target, cause: Cause): Promise<void> {
    const mark = this.#mirror.mark(target.id);
    const options = {
      signal: this.#closed.signal,
      ...(this.#vitals.node !== undefined && { prefer: this.#vitals.node }),
    };
    const fetch = target.kind === 'app' ? fetchOne : fetchBelow;
    try {
      const answer = await fetch(this.#client, target.id as AppId, options);
      const ids = target.kind === 'app' ? [target.id] : (answer?.apps ?? []).map(({ id }) => id);
      const isNewer = (id: AppId) => this.#mirror.isOutdated(mark, id);
      this.#diagnostics.replace(ids, answer?.diagnostics ?? [], isNewer);
      if (target.kind === 'app') this.#mirror.installOne(mark, target.id, answer, this.#elapsed());
      else this.#mirror.installGroup(mark, target.id, answer, this.#elapsed());
    } finally {
      this.#mirror.over(mark);
    }
    this.#publish('events', cause);
  }

  async #installAll({ mark, apps: answer, reason, askedAt, receivedAt }: FullAnswer): Promise<void> {
    const judge = reason === slowTimer && this.#refetch.idle;
    const steps = this.#mirror.installing(mark, answer, this.#elapsed(), judge);
    const pause = pauses();
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) await pause();
    const wishes = step.value;
    if (wishes === undefined || this.#closed.signal.aborted) return;
    this.#diagnostics.replaceAll(answer.diagnostics, (id) => this.#mirror.isOutdated(mark, id));
    // Pods that could not be listed are not covered.
    if (answer.podsProblem === undefined) this.#refetch.covered(askedAt);
    if (answer.podsProblem !== undefined && answer.podsProblem !== this.#podsProblem)
      this.#failed('the pods could not be fetched', answer.podsProblem);
    this.#podsProblem = answer.podsProblem;
    this.#vitals.confirmedAt = receivedAt;
    this.#vitals.basis = 'marathon';
    const cause: Cause = { text: 'snapshot', receivedAt, eventTime: undefined };
    this.#publish('snapshot', cause);
    this.#options.onSnapshot?.(askedAt);
    this.#fulfil(wishes, cause);
  }

  #publish(kind: MirrorChange['kind'], cause: Cause): void {
    if (this.#closed.signal.aborted) return;
    try {
      const { apps } = this.#mirror.store;
      const touched = this.#mirror.store.takeChanged();
      for (const id of touched) this.#recheck.note(id, apps.get(id));
      this.#publisher.publish(kind, apps, touched, cause);
    } catch (error) {
      this.#failed('a change of the mirror could not be handled', error);
    }
  }

  async #learnVersion(prefer: URL): Promise<void> {
    try {
      this.#vitals.version = await fetchVersion(this.#client, { prefer, signal: this.#closed.signal });
      this.#mirror.hasGoals = this.#vitals.hasGoals;
    } catch (error) {
      this.#failed('the version of Marathon could not be fetched', error);
    }
  }

  #failed(message: string, error: unknown): void {
    if (this.#closed.signal.aborted) return;
    const reason = messageOf(error);
    this.#vitals.lastError = { message: `${message}: ${reason}`, at: this.#now() };
    this.#log('warn', message, { error: reason });
  }

  #log(level: MarathonLogEntry['level'], message: string, detail: object): void {
    this.#options.log?.({ level, message, detail });
  }
}
