/** What a running sample task is to the rest of the simulator. */
import type { SampleSpec } from '../definitions/spec.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Who answers: written into each answer, so that a test sees which task got the request. */
export interface TaskIdentity {
  readonly app: string;
  readonly task: string;
  readonly version: string;
  readonly spec: SampleSpec;
  /** What `/health` answers right now. */
  isHealthy(): boolean;
}

export interface Sample {
  /** SIGTERM: goes on accepting for `graceMs`, then stops listening and finishes what is in flight. */
  stop(graceMs: number, drainMs: number): Promise<void>;
  /** SIGKILL, or the agent is gone: everything is cut at once. */
  destroy(): void;
}

/** Several that are one task. */
export function together(samples: readonly Sample[]): Sample {
  return {
    stop: async (graceMs, drainMs) => {
      await Promise.all(samples.map((sample) => sample.stop(graceMs, drainMs)));
    },
    destroy: () => {
      for (const sample of samples) sample.destroy();
    },
  };
}

/** A task that does not listen. */
export const silentSample: Sample = {
  stop: (graceMs) => new Promise((resolve) => setTimeout(resolve, graceMs).unref()),
  destroy: () => undefined,
};
