/**
 * The connections to Marathon: one pool an endpoint for requests, one agent for event streams, all with the
 * same TLS settings. It must not know what is sent over them.
 */
import { Agent, Pool } from 'undici';
import type { Reach } from '../core/marathon-access.ts';

export interface TransportOptions extends Pick<Reach, 'ca' | 'clientCertificate' | 'insecure'> {
  readonly requestTimeoutMs: number;
  /** The largest body on the wire. */
  readonly maxBytes: number;
}

export class Transport {
  readonly streams: Agent;
  readonly #pools = new Map<string, Pool>();
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.streams = new Agent({
      connect: this.#connect(),
      headersTimeout: options.requestTimeoutMs,
      // An event stream has no end; its silence is watched where heartbeats are understood.
      bodyTimeout: 0,
    });
  }

  pool(url: URL): Pool {
    const known = this.#pools.get(url.origin);
    if (known !== undefined) return known;
    const { requestTimeoutMs, maxBytes } = this.#options;
    const pool = new Pool(url.origin, {
      connect: this.#connect(),
      connections: 4,
      headersTimeout: requestTimeoutMs,
      bodyTimeout: requestTimeoutMs,
      maxResponseSize: maxBytes,
    });
    this.#pools.set(url.origin, pool);
    return pool;
  }

  async close(): Promise<void> {
    const all = [this.streams, ...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  #connect() {
    const { ca, clientCertificate, insecure, requestTimeoutMs } = this.#options;
    return {
      timeout: Math.min(requestTimeoutMs, 5_000),
      rejectUnauthorized: insecure !== true,
      ...(ca !== undefined && { ca }),
      ...clientCertificate,
    };
  }
}
