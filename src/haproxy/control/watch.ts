/** Notices when a HAProxy ends, by asking again and again: an adopted one is not a child of this process. */

/** A watch that can be ended. */
export interface Watch {
  cancel(): void;
}

/**
 * Calls back once, after `isThere` has returned false `misses` times in a row.
 * @param intervalMs milliseconds between two questions
 */
export function watchUntilGone(
  isThere: () => Promise<boolean>,
  onGone: () => void,
  { intervalMs, misses = 1 }: { readonly intervalMs: number; readonly misses?: number },
): Watch {
  let missed = 0;
  let cancelled = false;
  const ask = async () => {
    const there = await isThere().catch(() => false);
    if (cancelled) return;
    missed = there ? 0 : missed + 1;
    if (missed < misses) timer = setTimeout(() => void ask(), intervalMs).unref();
    else onGone();
  };
  // Unreferenced: watching must not keep Pacer alive.
  let timer = setTimeout(() => void ask(), intervalMs).unref();
  return {
    cancel: () => {
      cancelled = true;
      clearTimeout(timer);
    },
  };
}
