/** What is wrong with Marathon's definitions now, by app. It must not know who reads it. */
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import type { AppId } from '../../core/model/ids.ts';

export class DiagnosticsByApp {
  #byApp = new Map<AppId, Diagnostic[]>();

  get all(): Diagnostic[] {
    return [...this.#byApp.values()].flat();
  }

  /** `isNewer`: apps of which more is known than this answer says keep what is known. */
  replaceAll(diagnostics: readonly Diagnostic[], isNewer: IsNewer): void {
    this.#byApp = new Map([...this.#byApp].filter(([id]) => isNewer(id)));
    this.replace([], diagnostics, isNewer);
  }

  /** `ids`: the apps that were read again, whether or not there is something to say about them. */
  replace(ids: readonly AppId[], diagnostics: readonly Diagnostic[], isNewer: IsNewer): void {
    const read = new Set([...ids, ...diagnostics.map(({ appId }) => appId)].filter((id) => !isNewer(id)));
    for (const id of read) this.#byApp.delete(id);
    for (const diagnostic of diagnostics) {
      const { appId } = diagnostic;
      if (read.has(appId)) this.#byApp.set(appId, [...(this.#byApp.get(appId) ?? []), diagnostic]);
    }
  }
}

type IsNewer = (id: AppId) => boolean;
