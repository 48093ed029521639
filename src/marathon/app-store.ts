/**
 * The apps of the mirror as they are now: which of them changed since they were last handed out, and how old the
 * answer is that each one stands on. It must not know events.
 */
import type { AppId } from '../core/ids.ts';
import type { App } from '../core/model.ts';

export class AppStore {
  readonly apps = new Map<AppId, App>();
  /** Grows with every change. */
  revision = 0;
  /** The order of the request whose answer an app stands on, or is gone since. */
  readonly #answered = new Map<AppId, number>();
  readonly #changed = new Set<AppId>();

  /** What was known before: any answer replaces it. */
  seed(apps: Iterable<App>): void {
    for (const app of apps) this.#set(app);
  }

  change(id: AppId, change: (app: App) => App): void {
    const app = this.apps.get(id);
    if (app !== undefined) this.#set(change(app));
  }

  /** Takes an answer, unless that of a later request is there. */
  install(order: number, app: App): void {
    if (this.isOutdated(order, app.id)) return;
    this.#answered.set(app.id, order);
    this.#set(app);
  }

  remove(order: number, id: AppId): void {
    if (this.isOutdated(order, id)) return;
    this.#answered.set(id, order);
    if (this.apps.delete(id)) this.#note(id);
  }

  isOutdated(order: number, id: AppId): boolean {
    return (this.#answered.get(id) ?? 0) > order;
  }

  /** No answer to a request before this one will come any more. */
  forgetAnswers(order: number): void {
    for (const [id, answered] of this.#answered) if (answered <= order) this.#answered.delete(id);
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
