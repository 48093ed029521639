/** Reads a configuration as HAProxy does, as far as Pacer writes it: conditions, sections, lines and words. Pure. */
import { splitLine } from '../../../src/core/guard/words.ts';
import type { HaproxyVersion } from '../../../src/haproxy/machine/version.ts';

/** A line of a section. */
export interface Rule {
  readonly words: readonly string[];
  /** From 1. */
  readonly line: number;
}

export interface Section {
  readonly kind: string;
  readonly name: string;
  /** The `defaults` section it names; undefined where it names none. */
  readonly from: string | undefined;
  readonly line: number;
  readonly rules: readonly Rule[];
}

export interface Alert {
  readonly line: number;
  readonly text: string;
}

export interface Configuration {
  readonly sections: readonly Section[];
  readonly alerts: readonly Alert[];
}

const sectionWords = new Set([
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'userlist',
  'resolvers',
  'peers',
]);

export function readConfiguration(text: string, version: HaproxyVersion): Configuration {
  const sections: (Section & { rules: Rule[] })[] = [];
  const alerts: Alert[] = [];
  /** Of each open condition: whether its lines count, and whether one of its branches has counted. */
  const conditions: { on: boolean; done: boolean }[] = [];
  let number = 0;
  for (const line of lines(text)) {
    number += 1;
    const words = wordsOf(line);
    if (words === undefined) {
      alerts.push({ line: number, text: 'unmatched quote or bad escape' });
      continue;
    }
    const [first] = words;
    if (first === undefined) continue;
    if (first.startsWith('.')) {
      condition(first, words.slice(1).join(' '), conditions, version);
      continue;
    }
    if (conditions.some(({ on }) => !on)) continue;
    if (sectionWords.has(first)) {
      const [, name = '', from, base] = words;
      const named = from === 'from' ? base : undefined;
      sections.push({ kind: first, name, from: named, line: number, rules: [] });
      continue;
    }
    const section = sections.at(-1);
    if (section === undefined)
      alerts.push({ line: number, text: `unknown keyword '${first}' out of section.` });
    else section.rules.push({ words, line: number });
  }
  return { sections, alerts };
}

function* lines(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    yield text.slice(start, end);
    start = end + 1;
  }
}

/** Of lines that were read before: texts that follow each other differ in few lines. */
const known = new Map<string, readonly string[] | undefined>();
const most = 20_000;

/** Undefined for a line that HAProxy does not read. */
export function wordsOf(line: string): readonly string[] | undefined {
  const before = known.get(line);
  if (before !== undefined) return before;
  if (known.size >= most) known.clear();
  // A copy: a part of the text would keep all of it.
  const own = Buffer.from(line).toString();
  const words = split(own);
  known.set(own, words);
  return words;
}

function split(line: string): readonly string[] | undefined {
  // Most lines have nothing that means something but blanks.
  if (!/["'\\#]/.test(line)) return line.split(/\s+/).filter((word) => word !== '');
  const found = splitLine(line);
  return 'words' in found ? found.words : undefined;
}

function condition(
  word: string,
  expression: string,
  conditions: { on: boolean; done: boolean }[],
  version: HaproxyVersion,
): void {
  const top = conditions.at(-1);
  if (word === '.if') {
    const on = holds(expression, version);
    conditions.push({ on, done: on });
  } else if (word === '.endif') conditions.pop();
  else if (top !== undefined && (word === '.else' || word === '.elif')) {
    top.on = !top.done && (word === '.else' || holds(expression, version));
    top.done ||= top.on;
  }
}

function holds(expression: string, { major, minor }: HaproxyVersion): boolean {
  const atLeast = /^version_atleast\((\d+)\.(\d+)/.exec(expression);
  if (atLeast !== null) {
    const [wantedMajor, wantedMinor] = [Number(atLeast[1]), Number(atLeast[2])];
    return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  }
  // As Debian builds it.
  return /^feature\((?:PROMEX|OPENSSL|LUA)\)$/.test(expression);
}
