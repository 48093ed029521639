/** A configuration of HAProxy as sections of lines of words: what marathon-lb generates, and templates add. */
import { splitLine } from '../core/guard/words.ts';

export interface ConfigLine {
  /** From 1. */
  readonly number: number;
  readonly words: readonly string[];
  readonly text: string;
}

export interface ConfigSection {
  /** `frontend`, `backend`, `listen`, `userlist`, ... */
  readonly kind: string;
  readonly name: string;
  readonly lines: readonly ConfigLine[];
}

const sectionKinds = new Set(
  'global defaults frontend backend listen userlist peers resolvers mailers program cache ring http-errors'.split(
    ' ',
  ),
);

/** Lines that HAProxy could not read are left out: it would not have started with them. */
export function readConfig(text: string): ConfigSection[] {
  const sections: { kind: string; name: string; lines: ConfigLine[] }[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const split = splitLine(line);
    if ('wrong' in split || split.words.length === 0) continue;
    const [first = '', name = ''] = split.words;
    if (sectionKinds.has(first)) sections.push({ kind: first, name, lines: [] });
    else sections.at(-1)?.lines.push({ number: i + 1, words: split.words, text: split.text });
  }
  return sections;
}

/** `host backend` lines, as of a map of HAProxy. */
export function readMap(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^\s#]\S*)\s+(\S+)/.exec(line);
    // Of a key that is there twice, HAProxy takes the first.
    if (match?.[1] !== undefined && match[2] !== undefined && !entries.has(match[1]))
      entries.set(match[1], match[2]);
  }
  return entries;
}
