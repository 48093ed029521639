/** How long to wait before the next attempt: first nothing, then doubling with jitter up to a limit. Has no clock. */
const firstMs = 500;
const usualCapMs = 10_000;

/** The pauses between attempts. */
export class Backoff {
  readonly #capMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(capMs = usualCapMs, random: () => number = Math.random) {
    this.#capMs = capMs;
    this.#random = random;
  }

  reset(): void {
    this.#failures = 0;
  }

  next(): number {
    const failures = this.#failures++;
    if (failures === 0) return 0;
    const ceiling = Math.min(this.#capMs, firstMs * 2 ** Math.min(failures - 1, 10));
    return ceiling * (0.5 + this.#random() / 2);
  }
}

/** `ms`, plus or minus up to a fifth, so that many balancers do not ask at the same moment. */
export function jittered(ms: number, random: () => number = Math.random): number {
  return ms * (0.8 + random() * 0.4);
}
