/** What is known of the connection to Marathon: who leads, how fresh the mirror is, what failed last. */
import { describeUrl } from '../http/endpoints.ts';
import type { MarathonEvent } from '../decode/event-types.ts';
import type { MarathonStatus, PendingFetch } from '../mirror/source-types.ts';

/** The state of the connection. */
export class SyncStatus {
  /** The node that serves the stream, while it is attached. */
  node: URL | undefined;
  endpoint: URL | undefined;
  version: string | undefined;
  /** Milliseconds since the epoch, like all times here. */
  confirmedAt: number | undefined;
  basis: MarathonStatus['basis'] = 'none';
  lastError: { readonly message: string; readonly at: number } | undefined;
  #lastEventAt: number | undefined;
  #lastEventLagMs: number | undefined;

  took(event: MarathonEvent, receivedAt: number): void {
    this.#lastEventAt = receivedAt;
    if (event.at !== undefined) this.#lastEventLagMs = Math.max(0, receivedAt - event.at);
  }

  /** [marathon] core/instance/Goal.scala: instances have goals since 1.8 */
  get hasGoals(): boolean {
    const [major = 0, minor = 0] = (this.version ?? '')
      .split('.')
      .map((part) => Number.parseInt(part, 10) || 0);
    return major > 1 || (major === 1 && minor >= 8);
  }

  /** @param known the leader from other sources, while no stream is attached */
  status(known: URL | undefined) {
    const leader = this.node ?? known;
    return {
      basis: this.basis,
      ...(this.endpoint !== undefined && { endpoint: describeUrl(this.endpoint) }),
      ...(leader !== undefined && { leader: describeUrl(leader) }),
      ...(this.version !== undefined && { version: this.version }),
      ...(this.#lastEventAt !== undefined && { lastEventAt: this.#lastEventAt }),
      ...(this.#lastEventLagMs !== undefined && { lastEventLagMs: this.#lastEventLagMs }),
      ...(this.lastError !== undefined && { lastError: this.lastError }),
    };
  }
}

/** At most this many entries are shown: more would add nothing. */
export const pendingShown = 20;

/** `confirmedAt`: the time of the last byte of a stream that has a base snapshot, or of the last snapshot. */
export function freshness(
  confirmedAt: number | undefined,
  pending: readonly PendingFetch[],
): Pick<MarathonStatus, 'confirmedAt' | 'pending' | 'pendingCount'> {
  const oldestFirst = [...pending].sort((a, b) => a.since - b.since);
  const [oldest] = oldestFirst;
  const proven = Math.min(confirmedAt ?? Infinity, oldest?.since ?? Infinity);
  return {
    ...(confirmedAt !== undefined && { confirmedAt: proven }),
    pending: oldestFirst.slice(0, pendingShown),
    pendingCount: pending.length,
  };
}
