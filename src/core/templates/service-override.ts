/** A template as it holds for one service. Types only. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { GuardContext } from '../guard/guard.ts';
import type { Objection } from '../guard/objection.ts';
import type { Override } from '../model/replaced.ts';

export interface ServiceOverride extends Override {
  readonly byLabel: boolean;
  /** What its lines are judged by; undefined where the text is trusted. */
  readonly guard: GuardContext | undefined;
}

export interface Translated {
  readonly from: string;
  readonly to: string;
}

/** Takes what is wrong with a template, or what was written anew. */
export type Report = (
  override: ServiceOverride,
  severity: Diagnostic['severity'],
  about: Objection | readonly Translated[],
) => void;
