/**
 * Sends requests through HAProxy's own listener: the only proof that it serves. Any answer counts, also the health
 * check's refusal while the node stops.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** What the probe knows. */
export interface ProbeState {
  /** When HAProxy last answered, in milliseconds since the epoch; undefined before its first answer. */
  readonly answeredAt: number | undefined;
  /** Why the last request got no answer; undefined if it got one. */
  readonly failure: string | undefined;
  /** Since when requests get no answer, in milliseconds since the epoch; undefined while HAProxy answers. */
  readonly failingSince: number | undefined;
}

/** A running probe. */
export interface Probe {
  readonly state: () => ProbeState;
  readonly close: () => Promise<void>;
}

/** What the probe needs. */
export interface ProbeOptions {
  readonly url: string;
  /** Milliseconds to wait for an answer. Default: 2000. `intervalMs`: milliseconds between two requests. */
  readonly deadlineMs?: number;
  readonly intervalMs?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Starts to probe, until `close`. */
export function startProbe({ url, deadlineMs = 2000, intervalMs = 1000, now }: ProbeOptions): Probe {
  const stopping = new AbortController();
  // One connection per request: a kept connection stays with an old worker.
  const dispatcher = new Agent({ pipelining: 0, connect: { timeout: deadlineMs } });
  let state: ProbeState = { answeredAt: undefined, failure: undefined, failingSince: undefined };

  async function ask(): Promise<void> {
    const began = now();
    try {
      const signal = AbortSignal.timeout(deadlineMs);
      const { body } = await request(url, { dispatcher, signal, headers: { connection: 'close' } });
      await body.dump();
      state = { answeredAt: now(), failure: undefined, failingSince: undefined };
    } catch (error) {
      const failure =
        error instanceof Error && error.name === 'TimeoutError'
          ? `no answer within ${deadlineMs} ms`
          : String((error as Error).message || error);
      state = { ...state, failure, failingSince: state.failingSince ?? began };
    }
  }

  const done = (async () => {
    while (!stopping.signal.aborted) {
      await ask();
      await sleep(intervalMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  })();

  return {
    state: () => state,
    close: async () => {
      stopping.abort();
      await done;
      await dispatcher.destroy();
    },
  };
}

/** The URL of HAProxy's health check on its statistics port, reached from this machine. */
export function probeUrl({
  bindAddress,
  statsPort,
}: {
  readonly bindAddress: string;
  readonly statsPort: number;
}): string {
  const everywhere: Record<string, string> = { '*': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '[::1]' };
  const host = everywhere[bindAddress] ?? (bindAddress.includes(':') ? `[${bindAddress}]` : bindAddress);
  return `http://${host}:${statsPort}/_haproxy_health_check`;
}
