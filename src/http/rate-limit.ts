import type { Rate } from './route.ts';

/** @returns a function that takes one token from the bucket; false if there is none left */
export function rateLimit({ burst, perSecond }: Rate, now: () => number): () => boolean {
  let left = burst;
  let at = now();
  return () => {
    const then = at;
    at = now();
    left = Math.min(burst, left + (Math.max(0, at - then) / 1000) * perSecond);
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
