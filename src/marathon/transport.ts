/**
 * The connections to Marathon: one pool an endpoint for requests, one agent an address for event streams, all with
 * the same TLS settings. It must not know what is sent over them.
 */
import { Agent, Pool } from 'undici';
import type { Reach } from '../core/marathon-access.ts';
import { addressOf, alwaysAt } from './pinned.ts';

export interface TransportOptions extends Pick<Reach, 'ca' | 'clientCertificate' | 'insecure'> {
  readonly requestTimeoutMs: number;
}

/** To one endpoint: more than are ever used at once, so that no request waits behind those that hang. */
const connections = 8;

export class Transport {
  readonly #options: TransportOptions;
  readonly #pools = new Map<string, Pool>();
  /** By address; '' for names that are looked up when they are connected to. */
  readonly #streams = new Map<string, Agent>();

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  pool(url: URL): Pool {
    const { requestTimeoutMs } = this.#options;
    return remembered(
      this.#pools,
      `${url.origin} ${addressOf(url) ?? ''}`,
      () =>
        new Pool(url.origin, {
          connect: this.#connect(addressOf(url)),
          connections,
          headersTimeout: requestTimeoutMs,
          bodyTimeout: requestTimeoutMs,
        }),
    );
  }

  streams(url: URL): Agent {
    const address = addressOf(url);
    return remembered(
      this.#streams,
      address ?? '',
      () =>
        new Agent({
          connect: this.#connect(address),
          headersTimeout: this.#options.requestTimeoutMs,
          // An event stream has no end; its silence is watched where heartbeats are understood.
          bodyTimeout: 0,
        }),
    );
  }

  async close(): Promise<void> {
    const all = [...this.#streams.values(), ...this.#pools.values()];
    this.#streams.clear();
    this.#pools.clear();
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  #connect(address: string | undefined) {
    const { ca, clientCertificate, insecure, requestTimeoutMs } = this.#options;
    return {
      timeout: Math.min(requestTimeoutMs, 5_000),
      rejectUnauthorized: insecure !== true,
      ...(ca !== undefined && { ca }),
      ...clientCertificate,
      ...(address !== undefined && { lookup: alwaysAt(address) }),
    };
  }
}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const old = known.get(key);
  if (old !== undefined) return old;
  const made = make();
  known.set(key, made);
  return made;
}
