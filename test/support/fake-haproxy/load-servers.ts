/** The `server` lines of a backend → its servers. */
import type { HaproxyVersion } from '../../../src/haproxy/machine/version.ts';
import type { Alert, Rule } from './configuration.ts';
import { serverOf } from './servers.ts';
import { emptyServer, parseServerWords, type ParsedServer } from './server-words.ts';
import { check, type FakeBackend } from './worker.ts';

interface Place {
  readonly version: HaproxyVersion;
  readonly configFile: string;
  readonly now: number;
  /** Paths of servers that something else in the configuration points to. */
  readonly pinned: ReadonlySet<string>;
}

interface Line {
  readonly name: string;
  readonly parsed: ParsedServer;
  readonly words: readonly string[];
  readonly line: number;
}

const none: ReadonlySet<string> = new Set();

/** @returns how many are checked */
export function addServers(
  backend: FakeBackend,
  rules: readonly Rule[],
  { version, configFile, now, pinned }: Place,
  alerts: Alert[],
): number {
  const lines: Line[] = [];
  const names = new Set<string>();
  const owners = new Map<number, Line>();
  let defaultWords: readonly string[] = [];
  const add = (name: string, given: readonly string[], line: number) => {
    const parsed = emptyServer();
    const [where = '', ...words] = given;
    const owner = (id: number) => {
      const other = owners.get(id);
      return other === undefined ? undefined : `${configFile}:${other.line} ('server ${other.name}')`;
    };
    const all = where === '' ? [] : [where, ...defaultWords, ...words];
    const problem = parseServerWords(name, all, { version }, none, owner, parsed);
    if (problem !== undefined) alerts.push({ line, text: `'server ${name}' : ${problem}` });
    if (names.has(name))
      alerts.push({
        line,
        text: `backend '${backend.name}', another server named '${name}' was already defined at line ${lines.find((each) => each.name === name)?.line ?? 0}, please use distinct names.`,
      });
    names.add(name);
    const made = { name, parsed, words, line };
    if (parsed.id !== undefined) owners.set(parsed.id, made);
    lines.push(made);
  };
  for (const { words, line } of rules) {
    const [word, name = '', ...rest] = words;
    if (word === 'default-server') defaultWords = [...defaultWords, name, ...rest];
    if (word === 'server') add(name, rest, line);
    if (word === 'server-template') {
      const [, first = 1, end] = /^(\d+)-(\d+)$/.exec(rest[0] ?? '') ?? [undefined, 1, rest[0]];
      for (let n = Number(first); n <= Number(end); n++) add(`${name}${n}`, rest.slice(1), line);
    }
  }
  // [haproxy] cfgparse.c: the place in the backend is the id, unless a server has it already.
  let next = 1;
  for (const { name, parsed, words, line } of lines) {
    const forcedId = parsed.id !== undefined;
    if (!forcedId) {
      while (owners.has(next)) next += 1;
      parsed.id = next;
    }
    next += 1;
    backend.servers.push(
      serverOf({
        name,
        parsed,
        words,
        line,
        version,
        backend,
        now,
        forcedId,
        pinned: pinned.has(`${backend.name}/${name}`),
      }),
    );
  }
  return lines.filter(({ parsed }) => (parsed.checkState & check.configured) !== 0).length;
}

/** What `use-server` and `track` name. */
export function pinnedServers(backend: string, rules: readonly Rule[]): string[] {
  return rules.flatMap(({ words }) => {
    if (words[0] === 'use-server') return [`${backend}/${words[1] ?? ''}`];
    const at = words[0] === 'server' ? words.indexOf('track') : -1;
    const path = at < 0 ? undefined : words[at + 1];
    return path === undefined ? [] : [path.includes('/') ? path : `${backend}/${path}`];
  });
}
