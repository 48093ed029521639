/** When the services in spare backends get backends of their own names: by one reload, after a while without news. */
import { carriersOf, type Placement } from '../../core/plan/placement.ts';

export interface Settling {
  /** From when it is asked for until it is done. */
  readonly isDue: () => boolean;
  /** Who is served by which backend has changed. */
  readonly note: (placement: Placement | undefined) => void;
  readonly close: () => void;
}

export interface SettlingParts {
  /** Milliseconds; Infinity = not for that alone. */
  readonly afterMs: number;
  /** Calls back once after so many milliseconds. @returns what takes it back */
  readonly later: (callback: () => void, afterMs: number) => () => void;
  readonly demandReload: (cause: string) => void;
}

export function createSettling({ afterMs, later, demandReload }: SettlingParts): Settling {
  let isDue = false;
  let cancel: () => void = () => undefined;
  return {
    isDue: () => isDue,
    note: (placement) => {
      cancel();
      cancel = () => undefined;
      isDue = false;
      const count = placement === undefined ? 0 : carriersOf(placement).size;
      if (count === 0 || afterMs === Infinity) return;
      cancel = later(() => {
        isDue = true;
        demandReload(`${count} services in spare backends get backends of their own names`);
      }, afterMs);
    },
    close: () => cancel(),
  };
}
