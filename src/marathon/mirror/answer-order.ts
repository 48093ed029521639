/**
 * Which answers are too old. Several requests are under way at a time and their answers arrive in any order, so a
 * fact about an app (an answer with it, a 404, a list without it) makes every answer to an older request void for
 * this app. A list also speaks of apps that the mirror does not have: an older answer must not bring them.
 * Orders are given. It must not know what the answers hold.
 */
import type { AppId } from '../../core/model/ids.ts';

/** A list: it speaks of every id that begins with `prefix`, listed or not. */
export interface Listing {
  readonly order: number;
  readonly prefix: string;
  /** Ids of which it says nothing: what it holds of them cannot be read. */
  readonly silentOn: ReadonlySet<AppId>;
  /** False where the pods could not be listed. */
  readonly hasPods: boolean;
}

export class AnswerOrder {
  /** Orders of the requests that have not been answered yet. */
  readonly #underWay = new Set<number>();
  /** The order of the latest request whose answer is about this app alone. */
  readonly #byApp = new Map<AppId, number>();
  #listings: Listing[] = [];

  sent(order: number): void {
    this.#underWay.add(order);
  }

  /** The request is over, with or without an answer: what only guarded against it is forgotten. */
  over(order: number): void {
    this.#underWay.delete(order);
    // Orders only grow, so nobody asks about an order below the oldest that is under way.
    const oldest = Math.min(...this.#underWay);
    for (const [id, known] of this.#byApp) if (known <= oldest) this.#byApp.delete(id);
    this.#listings = this.#listings.filter((listing) => listing.order > oldest);
  }

  answered(order: number, id: AppId): void {
    this.#byApp.set(id, Math.max(order, this.#byApp.get(id) ?? 0));
  }

  listed(listing: Listing): void {
    this.#listings.push(listing);
  }

  /** Whether something newer is known of this app than the answer to the request of this order. */
  isOutdated(order: number, id: AppId, isPod: boolean): boolean {
    return (
      (this.#byApp.get(id) ?? 0) > order ||
      this.#listings.some(
        (listing) =>
          listing.order > order &&
          id.startsWith(listing.prefix) &&
          !listing.silentOn.has(id) &&
          (listing.hasPods || !isPod),
      )
    );
  }

  /** Entries that are kept; for tests of its size. */
  get size(): number {
    return this.#byApp.size + this.#listings.length + this.#underWay.size;
  }
}
