/** The maps and certificates that a configuration names. */
import type { Alert } from './configuration.ts';
import { readMap } from './maps.ts';
import { isUsable } from './pem.ts';
import type { CertificateList, FakeCertificate, FakeMap } from './worker.ts';

/** A file that the configuration names; undefined where there is none. */
type Read = (name: string) => string | undefined;

interface MapUse {
  readonly converter: string;
  readonly file: string;
}

/** Words of one line are the same object at each reading. */
const mapUses = new WeakMap<readonly string[], readonly MapUse[]>();

function mapsIn(words: readonly string[]): readonly MapUse[] {
  const known = mapUses.get(words);
  if (known !== undefined) return known;
  const found = words.flatMap((word) =>
    [...word.matchAll(/\b(map(?:_[a-z_]+)?)\(([^,)]+)/g)].map(([, converter = '', file = '']) => ({
      converter,
      file,
    })),
  );
  mapUses.set(words, found);
  return found;
}

/** In the order in which they are named. */
export class Files {
  readonly certificates = new Map<string, FakeCertificate>();
  readonly lists = new Map<string, CertificateList>();
  readonly #maps = new Map<string, { uses: { converter: string; line: number }[]; text: string }>();
  readonly #read: Read;
  readonly #alerts: Alert[];

  constructor(read: Read, alerts: Alert[]) {
    this.#read = read;
    this.#alerts = alerts;
  }

  mapsOf(words: readonly string[], line: number): void {
    for (const { converter, file } of mapsIn(words)) {
      const known = this.#maps.get(file);
      if (known !== undefined) {
        known.uses.push({ converter, line });
        continue;
      }
      const text = this.#read(file);
      if (text === undefined) this.#alerts.push({ line, text: `failed to open pattern file <${file}>` });
      else this.#maps.set(file, { uses: [{ converter, line }], text });
    }
  }

  certificatesOf(words: readonly string[], line: number): void {
    words.forEach((word, at) => {
      const path = words[at + 1];
      if (word === 'crt' && path !== undefined) this.#certificate(path, line);
      if (word === 'crt-list' && path !== undefined) this.#list(path, line);
    });
  }

  maps(ref: () => number): Map<string, FakeMap> {
    const maps = new Map<string, FakeMap>();
    for (const [file, { uses, text }] of this.#maps)
      maps.set(file, { id: maps.size, file, uses, entries: readMap(text, ref), current: 0, next: 0 });
    return maps;
  }

  #certificate(path: string, line: number): void {
    const known = this.certificates.get(path);
    if (known !== undefined) {
      known.uses += 1;
      return;
    }
    const pem = this.#read(path);
    if (pem === undefined)
      this.#alerts.push({
        line,
        text: `'bind' : unable to stat SSL certificate from file '${path}' : No such file or directory.`,
      });
    else if (!isUsable(pem))
      this.#alerts.push({ line, text: `'bind' : No Private Key found in '${path}.key'.` });
    else this.certificates.set(path, { path, pem, uses: 1 });
  }

  #list(path: string, line: number): void {
    const text = this.#read(path);
    if (text === undefined) {
      this.#alerts.push({ line, text: `'bind' : unable to open '${path}' : No such file or directory.` });
      return;
    }
    const entries = text.split('\n').flatMap((each, at) => {
      const [certificate, ...filters] = each.trim().split(/\s+/);
      if (certificate === undefined || certificate === '' || certificate.startsWith('#')) return [];
      this.#certificate(certificate, line);
      return { certificate, line: at + 1, filters: filters.join(' ') };
    });
    this.lists.set(path, { path, entries });
  }
}
