/**
 * Asks the endpoints that nobody else asks, so that it is known which of them can be turned to. It must not know what
 * becomes of that.
 */
import { jittered } from '../bounds/backoff.ts';
import type { Endpoints } from './endpoints.ts';

const pauseMs = 30_000;

export interface ProbeOptions {
  readonly endpoints: Endpoints;
  /** Notes by itself whether it was answered. */
  readonly ask: (endpoint: URL) => Promise<void>;
}

export class Probe {
  readonly #options: ProbeOptions;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#run(), jittered(pauseMs));
  }

  async #run(): Promise<void> {
    const { endpoints, ask } = this.#options;
    // One alone is asked by everything else.
    if (endpoints.configured.length > 1) await Promise.all(endpoints.unheardOf(pauseMs).map(ask));
    if (!this.#closed) this.#schedule();
  }
}
