/**
 * Fetches the apps and groups that events name: one request at a time for each, a second one when it was named
 * again meanwhile, and the full list when there are too many. It must not know why they are named.
 */
import type { AppId } from '../core/ids.ts';
import type { Wishes } from './plans.ts';

/** What led to a request; handed back with its answer. */
export interface Cause {
  readonly text: string;
  readonly receivedAt: number;
  readonly eventTime: number | undefined;
}

export type Target =
  { readonly kind: 'app'; readonly id: AppId } | { readonly kind: 'group'; readonly id: string };

export interface RefetchOptions {
  /** Fetches and installs; rejects where that failed. */
  readonly fetch: (target: Target, cause: Cause) => Promise<void>;
  readonly onTooMany: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** From here on one request for everything is cheaper. */
const tooMany = 50;
const concurrency = 4;

export class Refetch {
  readonly #options: RefetchOptions;
  readonly #waiting = new Map<string, { readonly target: Target; readonly cause: Cause }>();
  readonly #inFlight = new Set<string>();

  constructor(options: RefetchOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.#waiting.size === 0 && this.#inFlight.size === 0;
  }

  wish({ apps, groups }: Wishes, cause: Cause): void {
    for (const id of apps) this.#add(`app ${id}`, { kind: 'app', id }, cause);
    for (const id of groups) this.#add(`group ${id}`, { kind: 'group', id }, cause);
    // The list of all apps is what a fetch of the root group would be.
    if (this.#waiting.size > tooMany || groups.includes('/')) {
      this.#waiting.clear();
      this.#options.onTooMany();
    }
    this.#start();
  }

  /** A full answer will be asked for later than all wishes, and covers them. */
  clear(): void {
    this.#waiting.clear();
  }

  #add(key: string, target: Target, cause: Cause): void {
    if (!this.#waiting.has(key)) this.#waiting.set(key, { target, cause });
  }

  #start(): void {
    for (const [key, { target, cause }] of this.#waiting) {
      if (this.#inFlight.size >= concurrency) return;
      if (this.#inFlight.has(key)) continue;
      this.#waiting.delete(key);
      this.#inFlight.add(key);
      void this.#options
        .fetch(target, cause)
        .catch((error: unknown) => this.#options.onFailed(error))
        .finally(() => {
          this.#inFlight.delete(key);
          this.#start();
        });
    }
  }
}
