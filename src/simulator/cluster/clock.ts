/** Marathon's timestamps: UTC with exactly three decimals. */

export function timestamp(at: number = Date.now()): string {
  return new Date(at).toISOString();
}

/** Gives versions: they never repeat, since a version names one definition. */
export class VersionClock {
  #last = 0;

  next(): string {
    this.#last = Math.max(this.#last + 1, Date.now());
    return timestamp(this.#last);
  }
}
