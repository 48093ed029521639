import type { DiagnosticCode } from './diagnostic-codes.ts';
import { escaped } from './escaped.ts';
import type { AppId } from './ids.ts';

/**
 * What is wrong with one app or one of its ports, for the person who wrote it.
 * `error`: the service is rejected, or an item of a list left out. `warning`: it is served, not as asked. `notice`: served as asked, worth knowing.
 */
export interface Diagnostic {
  /** The kind of fault, for tools: see `diagnosticCatalogue`. */
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning' | 'notice';
  readonly appId: AppId;
  /** The `{n}` of the labels; undefined if it is about the whole app. */
  readonly portIndex?: number;
  readonly label?: string;
  readonly value?: string;
  /** What is wrong, as a clause: `"70000" is not a port`. */
  readonly reason: string;
  /** What to write or do instead, as a clause. */
  readonly remedy: string;
}

/** Whether it costs the whole service, or all that it is about: an item of a list that is left out costs that item. */
export const rejects = ({ code, severity }: Diagnostic): boolean =>
  severity === 'error' && code !== 'LABEL_ITEM_LEFT_OUT';

/** One line for logs and terminals: app, label, value, reason, remedy. */
export function describeDiagnostic(diagnostic: Diagnostic): string {
  const { appId, portIndex, label, reason, remedy } = diagnostic;
  const place = label ?? (portIndex === undefined ? undefined : `port ${portIndex}`);
  return visible(`${appId}${place === undefined ? '' : ` ${place}`}: ${reason}; ${remedy}`);
}

/** Text from labels must not become another line, or change colours, in a log or a terminal. */
function visible(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    // JSON has short escapes for some characters, for example newline.
    (c) => (c < ' ' ? JSON.stringify(c).slice(1, -1) : escaped(c)),
  );
}
