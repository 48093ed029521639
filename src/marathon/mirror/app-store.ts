/**
 * The apps of the mirror as they are now, and which of them changed since they were last handed out. It must not
 * know events, nor which answers are too old.
 */
import type { AppId } from '../../core/model/ids.ts';
import type { App } from '../../core/model/model.ts';

export class AppStore {
  readonly apps = new Map<AppId, App>();
  /** Grows with every change. */
  revision = 0;
  readonly #changed = new Set<AppId>();

  /** What was known before: any answer replaces it. */
  seed(apps: Iterable<App>): void {
    for (const app of apps) this.#set(app);
  }

  change(id: AppId, change: (app: App) => App): void {
    const app = this.apps.get(id);
    if (app !== undefined) this.#set(change(app));
  }

  install(app: App): void {
    this.#set(app);
  }

  remove(id: AppId): void {
    if (this.apps.delete(id)) this.#note(id);
  }

  /** The ids of the apps that may have changed since the last call. */
  takeChanged(): AppId[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  #set(app: App): void {
    if (this.apps.get(app.id) === app) return;
    this.apps.set(app.id, app);
    this.#note(app.id);
  }

  #note(id: AppId): void {
    this.#changed.add(id);
    this.revision++;
  }
}
