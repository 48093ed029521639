/** What goes in and out of `source.ts`: options, changes, status. Types only. */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { AppId } from '../../core/model/ids.ts';
import type { Reach } from '../../core/model/marathon-access.ts';
import type { App } from '../../core/model/model.ts';
import type { DiscoveryStatus } from '../discovery/discovery.ts';
import type { Names } from '../discovery/names.ts';
import type { EndpointStatus } from '../http/endpoints.ts';

export interface MarathonLogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly detail?: object;
}

export interface MarathonSourceOptions extends Reach {
  /** Silence after which the event stream counts as dead; Marathon writes a heartbeat every 10 s. */
  readonly watchdogMs?: number;
  /** The event stream is never attached: the full list is fetched each `pollMs`. */
  readonly pollOnly?: boolean;
  /** The longest wait after a failure; 10,000 ms unless told. */
  readonly maxBackoffMs?: number;
  /** Between polls while the event stream is down. */
  readonly pollMs?: number;
  /** Between full resyncs while it is up. */
  readonly resyncMs?: number;
  /** Between looks at apps whose new tasks are not ready yet. */
  readonly readinessMs?: number;
  /** Between looks at apps with tasks that Mesos has lost sight of. */
  readonly unreachableMs?: number;
  readonly requestTimeoutMs?: number;
  /** What was known when Pacer last ran: handed out at once, and stands until the first snapshot. */
  readonly stored?: StoredApps;
  /** Ms since 1970, for times that are told. */
  readonly now?: () => number;
  /** Milliseconds that only grow, for everything that is waited for. */
  readonly elapsed?: () => number;
  /** Instead of the DNS. */
  readonly names?: Names;
  /** Between two looks into it. */
  readonly lookupMs?: number;
  readonly onChange: (change: MirrorChange) => void;
  /** The mirror is Marathon's whole state, asked for at this time by `elapsed`; what it changed is handed out. */
  readonly onSnapshot?: (askedAt: number) => void;
  readonly log?: (entry: MarathonLogEntry) => void;
}

export interface StoredApps {
  readonly apps: ReadonlyMap<AppId, App>;
  /** When Marathon last confirmed them, ms since 1970. */
  readonly confirmedAt: number;
}

export interface MirrorChange {
  readonly kind: 'stored' | 'snapshot' | 'events';
  /** The whole mirror; immutable. */
  readonly apps: ReadonlyMap<AppId, App>;
  /** Added or altered. */
  readonly changed: readonly AppId[];
  readonly removed: readonly AppId[];
  /** E.g. `status_update_event /team/web TASK_RUNNING`, `snapshot`, `stored mirror`. */
  readonly cause: string;
  /** When the first byte of what caused it arrived, ms since 1970. */
  readonly receivedAt: number;
  /** The event's own time, ms since 1970. */
  readonly eventTime?: number;
}

/** Something that events announced and whose `GET` has not succeeded since. */
export interface PendingFetch {
  /** `all`: the list of all apps, because of an event that could not be read, too many changes, or a new stream. */
  readonly kind: 'app' | 'group' | 'all';
  /** Of the app or group; `/` for all. */
  readonly id: string;
  /** When it was announced first, ms since 1970. */
  readonly since: number;
  /** Why the last request failed; undefined while none has. */
  readonly lastError?: string;
}

export interface MarathonStatus {
  /** The event stream is attached and its base snapshot succeeded; without a stream, the last poll succeeded. */
  readonly connected: boolean;
  /** What the mirror stands on: nothing yet, what was stored, or what Marathon said since the start. */
  readonly basis: 'none' | 'stored' | 'marathon';
  readonly endpoint?: string;
  readonly leader?: string;
  readonly version?: string;
  /**
   * The last time Marathon proved the mirror fresh, ms since 1970: a snapshot, or any byte of a stream that stands on
   * one. A live stream confirms nothing that is still waiting to be fetched: never later than the oldest of `pending`.
   */
  readonly confirmedAt?: number;
  /** What Marathon announced and has not told yet: the oldest first, at most `pendingShown` of them. */
  readonly pending: readonly PendingFetch[];
  /** How many there are in all. */
  readonly pendingCount: number;
  readonly lastEventAt?: number;
  /** From the last event's own time to its arrival, milliseconds. */
  readonly lastEventLagMs?: number;
  readonly apps: number;
  readonly tasks: number;
  /** Counts by event type. */
  readonly events: Readonly<Record<string, number>>;
  readonly unknownEvents: number;
  readonly reconnects: number;
  readonly resyncs: number;
  /** Apps that a resync found different although the stream had not been interrupted. Healthy: 0. */
  readonly resyncDifferences: number;
  readonly lastError?: { readonly message: string; readonly at: number };
  /** Why a file with credentials or certificates that has changed is not used; those before are. */
  readonly secretsProblem?: string;
  readonly endpoints: readonly EndpointStatus[];
  /** What the addresses that are looked up have led to. */
  readonly discovery: readonly DiscoveryStatus[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface MarathonSource {
  status(): MarathonStatus;
  /** Fetches everything again; the reason goes to the log. */
  resync(reason: string): void;
  close(): Promise<void>;
}
