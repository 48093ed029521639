/**
 * Counts what a short time has taken away, and from how much: work grows with what changed. It decides nothing.
 * An app that was touched is compared with the most it had since the time began, so that a server that is replaced
 * does not count as lost, and neither does one whose end was announced.
 */
import type { AppId } from '../../core/model/ids.ts';

export interface Loss {
  readonly servers: number;
  readonly apps: number;
  /** What there was when the time began. */
  readonly of: { readonly servers: number; readonly apps: number };
}

interface Touched {
  readonly before: number;
  readonly at: number;
}

export class Removals {
  readonly #counts = new Map<AppId, number>();
  readonly #window = new Map<AppId, Touched>();
  #servers = 0;
  #apps = 0;
  #lostServers = 0;
  #lostApps = 0;
  /** What has come and gone within the window, so that its beginning is known. */
  #gainedServers = 0;
  #gainedApps = 0;

  /** So many servers the app has now; of those that have gone, so many had been announced and are no loss. */
  set(id: AppId, servers: number, announced: number, now: number): void {
    const before = this.#counts.get(id) ?? 0;
    const touched = this.#window.get(id);
    if (touched !== undefined) this.#weigh(touched.before, before, -1);
    // What has come within the time counts once it is there: only what replaces it at the same moment does not.
    const base = Math.max(0, Math.max(touched?.before ?? 0, before) - announced);
    this.#window.set(id, { before: base, at: touched?.at ?? now });
    this.#weigh(base, servers, 1);
    if (servers === 0) this.#counts.delete(id);
    else this.#counts.set(id, servers);
    this.#servers += servers - before;
    this.#apps += Number(servers > 0) - Number(before > 0);
  }

  /** What was touched before this time is how things are. */
  forget(before: number): void {
    for (const [id, { before: had, at }] of this.#window) {
      if (at > before) return;
      this.#weigh(had, this.#counts.get(id) ?? 0, -1);
      this.#window.delete(id);
    }
  }

  get loss(): Loss {
    return {
      servers: this.#lostServers,
      apps: this.#lostApps,
      of: { servers: this.#servers - this.#gainedServers, apps: this.#apps - this.#gainedApps },
    };
  }

  #weigh(before: number, after: number, sign: 1 | -1): void {
    this.#lostServers += sign * Math.max(0, before - after);
    this.#gainedServers += sign * (after - before);
    if (before > 0 && after === 0) this.#lostApps += sign;
    this.#gainedApps += sign * (Number(after > 0) - Number(before > 0));
  }
}
