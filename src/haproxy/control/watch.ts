/** Notices that a HAProxy has ended. Asks again and again, for an adopted one is no child of this process. */

export interface Watch {
  cancel(): void;
}

/**
 * Calls back once when `isThere` has answered false, `misses` times in a row.
 * @param intervalMs between the questions
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
  // Unreferenced: watching alone is no reason for Pacer to go on.
  let timer = setTimeout(() => void ask(), intervalMs).unref();
  return {
    cancel: () => {
      cancelled = true;
      clearTimeout(timer);
    },
  };
}
