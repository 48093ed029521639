/**
 * Counts what was removed within a short time, and from how much. The work is proportional to what changed. An app that
 * changed is compared with the most servers it had within that time, so a server that is replaced is not counted, nor
 * is one whose end was announced. Decides nothing.
 */
import type { AppId } from '../../core/model/ids.ts';

/** What was removed within a short time. */
export interface Loss {
  readonly servers: number;
  readonly apps: number;
  /** What there was when that time began. */
  readonly of: { readonly servers: number; readonly apps: number };
}

interface Touched {
  readonly before: number;
  readonly at: number;
}

/** The counter: `set` for each app that changed, `forget` what is older than the window. */
export class Removals {
  readonly #counts = new Map<AppId, number>();
  readonly #window = new Map<AppId, Touched>();
  #servers = 0;
  #apps = 0;
  #lostServers = 0;
  #lostApps = 0;
  /** What was added and removed within the window; used to calculate what there was at its beginning. */
  #gainedServers = 0;
  #gainedApps = 0;

  /**
   * The app has `servers` servers now. Of those removed, `announced` had been announced by Marathon and are not counted
   * as a loss.
   */
  set(id: AppId, servers: number, announced: number, now: number): void {
    const before = this.#counts.get(id) ?? 0;
    const touched = this.#window.get(id);
    if (touched !== undefined) this.#weigh(touched.before, before, -1);
    // Servers added within the window count from the next change on: only a replacement in the same change does not.
    const base = Math.max(0, Math.max(touched?.before ?? 0, before) - announced);
    this.#window.set(id, { before: base, at: touched?.at ?? now });
    this.#weigh(base, servers, 1);
    if (servers === 0) this.#counts.delete(id);
    else this.#counts.set(id, servers);
    this.#servers += servers - before;
    this.#apps += Number(servers > 0) - Number(before > 0);
  }

  /** Ends the window of changes before this time: what those apps have now is their new base. */
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
