/** What is wrong with Marathon's definitions now, by app. It must not know who reads it. */
import type { Diagnostic } from '../core/diagnostic.ts';
import type { AppId } from '../core/ids.ts';

export class DiagnosticsByApp {
  #byApp = new Map<AppId, Diagnostic[]>();

  get all(): Diagnostic[] {
    return [...this.#byApp.values()].flat();
  }

  replaceAll(diagnostics: readonly Diagnostic[]): void {
    this.#byApp = new Map();
    this.replace([], diagnostics);
  }

  /** `ids`: the apps that were read again, whether or not there is something to say about them. */
  replace(ids: readonly AppId[], diagnostics: readonly Diagnostic[]): void {
    for (const id of [...ids, ...diagnostics.map(({ appId }) => appId)]) this.#byApp.delete(id);
    for (const diagnostic of diagnostics) {
      this.#byApp.set(diagnostic.appId, [...(this.#byApp.get(diagnostic.appId) ?? []), diagnostic]);
    }
  }
}
