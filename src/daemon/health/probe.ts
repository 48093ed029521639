/**
 * A request of our own through HAProxy's own listener: the one proof that it serves. Any answer will do, the health
 * check's refusal while the node stops as well.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';

export interface ProbeState {
  /** When HAProxy last answered, in milliseconds since the epoch; undefined before it first did. */
  readonly answeredAt: number | undefined;
  /** Why the last request had no answer; undefined where it had. */
  readonly failure: string | undefined;
  /** Since when none has had, in milliseconds since the epoch; undefined while HAProxy answers. */
  readonly failingSince: number | undefined;
}

export interface Probe {
  readonly state: () => ProbeState;
  readonly close: () => Promise<void>;
}

export interface ProbeOptions {
  readonly url: string;
  /** Milliseconds for an answer, and between two requests. */
  readonly deadlineMs?: number;
  readonly intervalMs?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function startProbe({ url, deadlineMs = 2000, intervalMs = 1000, now }: ProbeOptions): Probe {
  const stopping = new AbortController();
  // A connection each: one that is kept stays with an old worker.
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

/** HAProxy's health check on its statistics port, as it is reached from this machine. */
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
