/** Time-based UUIDs (version 1) as Marathon gives to instances; the same seed gives the same sequence. */

/** 1970 in the calendar of UUIDs: 100-nanosecond steps since 15 October 1582. */
const unixEpoch = 122_192_928_000_000_000n;
const seededStart = 1_600_000_000_000n;

export class Uuids {
  readonly #node: string;
  #ticks: bigint;

  constructor(seed?: number) {
    const start = seed === undefined ? BigInt(Date.now()) : seededStart;
    this.#ticks = unixEpoch + start * 10_000n;
    const node = seed ?? Math.floor(Math.random() * 0xffff_ffff);
    this.#node = `0242${node.toString(16).padStart(8, '0').slice(-8)}`;
  }

  next(): string {
    this.#ticks += 10_007n;
    const digits = this.#ticks.toString(16).padStart(15, '0');
    return `${digits.slice(7)}-${digits.slice(3, 7)}-1${digits.slice(0, 3)}-9d3c-${this.#node}`;
  }
}
