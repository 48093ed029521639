/** Splits long work into short pieces: between two pieces, `pause` lets events be handled if enough time has passed. */
import { setImmediate } from 'node:timers/promises';

/** Milliseconds that others wait at most, plus the time of one piece. */
const turnMs = 4;

/** @returns a function to call between two pieces: undefined, or a promise to await */
export function pauses(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < turnMs) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
