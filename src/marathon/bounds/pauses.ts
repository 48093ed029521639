/** Long work in short pieces: whoever calls `pause` between them lets events be handled when a while has passed. */
import { setImmediate } from 'node:timers/promises';

/** Milliseconds that others wait at most, but for one piece. */
const turnMs = 4;

export function pauses(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < turnMs) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
