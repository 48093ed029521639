/**
 * The connections to Marathon: one pool per endpoint for requests, one agent per address for event streams, all with
 * the same TLS settings. Knows nothing of what is sent over them.
 */
import { Agent, Pool } from 'undici';
import type { Reach } from '../../core/model/marathon-access.ts';
import { addressOf, alwaysAt } from './pinned.ts';
import { tlsTrouble } from './tls-trouble.ts';

/** TLS settings and timeouts. */
export interface TransportOptions extends Pick<Reach, 'ca' | 'clientCertificate' | 'insecure'> {
  /** Reads secrets again if their files have changed. Never rejects. */
  readonly refresh?: (urgent: boolean) => Promise<boolean>;
  readonly requestTimeoutMs: number;
}

/** Per endpoint. More than are ever used at once, so that no request waits behind requests that hang. */
const connections = 8;

/** All connections to Marathon. */
export class Transport {
  #options: TransportOptions;
  readonly #pools = new Map<string, Pool>();
  /** By address; '' for names that are looked up when connecting. */
  readonly #streams = new Map<string, Agent>();
  /** Pools with TLS settings that were replaced. Requests under way on them are finished. */
  readonly #retired = new Set<Pool | Agent>();

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
          // An event stream has no end. Whoever understands heartbeats also watches for silence.
          bodyTimeout: 0,
        }),
    );
  }

  /** Uses other CA certificates and another client certificate for new connections. */
  useTls(tls: Pick<TransportOptions, 'ca' | 'clientCertificate'>): void {
    this.#options = { ...this.#options, ...tls };
    for (const old of [...this.#streams.values(), ...this.#pools.values()]) {
      this.#retired.add(old);
      const forget = () => this.#retired.delete(old);
      old.close().then(forget, forget);
    }
    this.#streams.clear();
    this.#pools.clear();
  }

  /**
   * Call before secrets are used, and with `urgent` after they were refused.
   * @returns whether they are different now
   */
  async refresh(urgent = false): Promise<boolean> {
    return (await this.#options.refresh?.(urgent)) ?? false;
  }

  /** The same error, explained if it is about TLS. */
  async explained(error: unknown, url: URL): Promise<unknown> {
    const { timeout: _, ...options } = this.#connect(addressOf(url));
    const reason = await tlsTrouble(error, { url, options });
    return reason === undefined ? error : new TlsTrouble(reason, { cause: error });
  }

  async close(): Promise<void> {
    const all = [...this.#streams.values(), ...this.#pools.values(), ...this.#retired];
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

/** TLS failed for a reason that other secrets may fix. */
export class TlsTrouble extends Error {}

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const old = known.get(key);
  if (old !== undefined) return old;
  const made = make();
  known.set(key, made);
  return made;
}
