/** The state directory and the other files that HAProxy reads, in memory; the fake publisher writes what the fake HAProxy reads. */
import path from 'node:path';
import type { PublishedRevision, Revision } from '../../../src/haproxy/files/publish.ts';

export interface StoredRevision {
  readonly published: PublishedRevision;
  readonly hash: string;
  readonly files: ReadonlyMap<string, Buffer | string>;
}

export class FakeDisk {
  readonly stateDir: string;
  /** Absolute path → content of files outside the state directory, such as certificates. */
  readonly files = new Map<string, string>();
  /** Directory → revision. */
  readonly #revisions = new Map<string, StoredRevision>();
  readonly #outside: (path: string) => string | undefined;
  #current: string | undefined;

  /** @param outside reads a file that is not among `files`, such as one of the real disk */
  constructor(stateDir = '/state', outside: (path: string) => string | undefined = () => undefined) {
    this.stateDir = stateDir;
    this.#outside = outside;
  }

  /** What `<state>/current` leads to; undefined where there is nothing. */
  get current(): StoredRevision | undefined {
    return this.#current === undefined ? undefined : this.#revisions.get(this.#current);
  }

  /** The file that HAProxy is started with. */
  get configFile(): string {
    return path.join(this.stateDir, 'current', 'haproxy.cfg');
  }

  /** All revisions, newest first. */
  list(): StoredRevision[] {
    return [...this.#revisions.values()].sort((a, b) => b.published.number - a.published.number);
  }

  at(directory: string): StoredRevision | undefined {
    return this.#revisions.get(directory);
  }

  write({ number, hash, files }: Revision): PublishedRevision {
    const hash8 = hash.slice(0, 8);
    const directory = path.join(this.stateDir, 'revisions', `${number}-${hash8}`);
    const published = { number, hash8, directory };
    this.#revisions.set(directory, { published, hash, files });
    return published;
  }

  activate(directory: string): void {
    this.#current = directory;
  }

  remove(directory: string): void {
    this.#revisions.delete(directory);
  }

  /** Keeps the newest ones and the active one. */
  prune(keep: number): void {
    for (const { published } of this.list().slice(keep))
      if (published.directory !== this.#current) this.#revisions.delete(published.directory);
  }

  /** A file as a configuration names it: relative to the configuration's directory, or absolute. */
  read(revision: Pick<StoredRevision, 'files'>, name: string): string | undefined {
    if (name.startsWith('/')) return this.files.get(name) ?? this.#outside(name);
    const content = revision.files.get(name);
    return content === undefined ? undefined : String(content);
  }
}
