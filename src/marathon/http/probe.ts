/** Asks endpoints that no other request reaches, so that their health is known before they are needed. */
import { jittered } from '../bounds/backoff.ts';
import type { Endpoints } from './endpoints.ts';

const pauseMs = 30_000;

/** What to probe. */
export interface ProbeOptions {
  readonly endpoints: Endpoints;
  /** Asks one endpoint and records the result itself. */
  readonly ask: (endpoint: URL) => Promise<void>;
}

/** Probes again and again, until it is closed. */
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
    // A single endpoint is asked by all other requests anyway.
    if (endpoints.configured.length > 1) await Promise.all(endpoints.unheardOf(pauseMs).map(ask));
    if (!this.#closed) this.#schedule();
  }
}
