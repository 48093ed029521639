/** What `pacer lint` found, and where. */
import { byCodePoint } from '../../core/model/ids.ts';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { WrittenApp } from './input.ts';
import type { Position } from './positions.ts';

export interface Finding extends Diagnostic {
  /** Undefined where it is not known. */
  readonly position: Position | undefined;
}

export interface LintResult {
  /** The file, URL or standard input. */
  readonly name: string;
  readonly isFile: boolean;
  readonly findings: readonly Finding[];
  /** What each app becomes, port by port. */
  readonly outcomes: readonly Outcome[];
}

export interface Outcome {
  readonly appId: string;
  readonly portIndex: number;
  /** Undefined where the port is not exposed, with the reason. */
  readonly service: { readonly backend: string; readonly where: readonly string[] } | undefined;
  readonly reason: string;
}

/** Points each diagnostic at its label, or at its app's id; in the order of the document. */
export function locate(
  diagnostics: readonly Diagnostic[],
  apps: readonly WrittenApp[],
  positionOf: (path: readonly (string | number)[]) => Position | undefined,
): Finding[] {
  const paths = new Map(apps.map(({ json, path }) => [String(json['id']), path]));
  return diagnostics
    .map((diagnostic): Finding => {
      const { appId, label } = diagnostic;
      const path = paths.get(appId);
      const ofLabel =
        path === undefined || label === undefined ? undefined : positionOf([...path, 'labels', label]);
      const ofApp = path === undefined ? undefined : (positionOf([...path, 'id']) ?? positionOf(path));
      return { ...diagnostic, position: ofLabel ?? ofApp };
    })
    .sort(
      (a, b) =>
        (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
        (a.position?.column ?? 0) - (b.position?.column ?? 0) ||
        byCodePoint(a.appId, b.appId) ||
        byCodePoint(a.code, b.code),
    );
}
