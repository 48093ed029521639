/** Something that finds Marathons and goes on looking: what it reports, and what can be asked of it. Types only. */
export interface Found {
  readonly urls: readonly URL[];
  /** One of them, where it is known. */
  readonly leader?: URL;
}

export interface FinderEvents {
  readonly onFound: (found: Found) => void;
  /** What was found before still counts. */
  readonly onFailed: (error: unknown) => void;
}

export interface Finder {
  /** Those that are known do not answer: look again soon. */
  refresh(): void;
  close(): void;
}
