/** What the status server answers, as far as commands read it. Types only. */
import type { Plan } from '../../core/plan/plan.ts';

export interface Change {
  readonly revision: number;
  readonly at: string;
  readonly cause: string;
  readonly plan: Plan;
  readonly durations: Readonly<Record<string, number>>;
  readonly eventToAppliedMs?: number;
  readonly result:
    | { readonly kind: 'applied' }
    | { readonly kind: 'failed'; readonly stage: string; readonly message: string };
}

export interface Wrong {
  readonly severity: 'error' | 'warning' | 'notice';
  readonly code: string;
  readonly appId: string;
  readonly text: string;
}

export interface Status {
  readonly pacer: { readonly version: string; readonly uptimeSeconds: number };
  readonly ready: boolean;
  readonly state: 'ready' | 'degraded' | 'not ready';
  /** Why it is not ready. */
  readonly why: readonly string[];
  /** What somebody should act on although it serves. */
  readonly concerns: readonly string[];
  readonly notes: readonly string[];
  readonly marathon: {
    readonly connected: boolean;
    readonly endpoint?: string;
    readonly leader?: string;
    readonly apps: number;
    readonly tasks: number;
    readonly confirmationAgeSeconds: number | null;
  };
  readonly haproxy: {
    readonly mode: string;
    readonly running: {
      readonly version: string;
      readonly masterPid?: number;
      readonly oldWorkers: readonly unknown[];
      readonly reloads: number;
    } | null;
    readonly inSync: boolean;
  };
  readonly services: number;
  readonly servers: number;
  readonly lastChange: Change | null;
  readonly diagnostics: readonly Wrong[];
}

export interface AppSummary {
  readonly id: string;
  readonly instances: number;
  readonly tasks: number;
  readonly reason: string;
  readonly services: readonly {
    readonly backend: string;
    readonly servicePort: number;
    readonly mode: string;
    readonly vhosts: readonly string[];
    readonly path: { readonly paths: readonly string[] } | null;
    readonly ready: number;
    readonly servers: number;
    readonly serving: boolean;
  }[];
}
