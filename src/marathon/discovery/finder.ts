/** A finder of Marathons that keeps looking: what it reports, and what can be asked of it. Types only. */
export interface Found {
  readonly urls: readonly URL[];
  /** The leader, one of the found ones, if it is known. */
  readonly leader?: URL;
}

/** Receives what a finder reports. */
export interface FinderEvents {
  readonly onFound: (found: Found) => void;
  /** A look-up failed. What was found before stays in use. */
  readonly onFailed: (error: unknown) => void;
}

/** Keeps looking until `close`. */
export interface Finder {
  /** The known Marathons do not answer: look again soon. */
  refresh(): void;
  close(): void;
}
