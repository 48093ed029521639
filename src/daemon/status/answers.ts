/**
 * What the status server answers, as far as commands read it. Types only: the routes must give what the commands take,
 * or neither compiles.
 */
import type { Explanation } from '../../core/explain/explanation.ts';
import type { ConfigurationPart } from '../../render/sections.ts';
import type { JournalEntry } from '../storage/journal.ts';

/** In JSON, what is undefined is not there. */
export interface Change extends Omit<JournalEntry, 'durations'> {
  readonly durations: Readonly<Record<string, number>>;
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

/** `POST /approve` */
export interface Approved {
  readonly applied: {
    readonly servers: number;
    /** Those that lose all their servers. */
    readonly apps: number;
    readonly of: { readonly servers: number; readonly apps: number };
    readonly cause: string;
  };
}

/** `POST /rollback` */
export type RolledBack =
  | { readonly pinned: { readonly revision: number; readonly services: number } }
  | { readonly released: number };

/** `GET /explain` */
export interface ExplanationAnswer extends Omit<Explanation, 'diagnostics'> {
  readonly diagnostics: readonly {
    readonly severity: string;
    readonly code: string;
    readonly text: string;
  }[];
  readonly configuration: readonly ConfigurationPart[];
}
