/**
 * An operator's HEAD: its sections stand, and get what a reload and Pacer itself need. What belonged to marathon-lb's
 * own way of running HAProxy is left out, and said.
 */
import { defaultServerWords } from '../../core/templates/server-line.ts';
import type { Override } from '../../core/model/replaced.ts';
import type { Line } from '../../core/guard/words.ts';
import { withoutOld } from './head-filter.ts';
import { beginsSection, operatorLines, sectionText } from './operator-section.ts';

export interface OperatorHead {
  /** @param own Pacer's own head, rendered */
  readonly merge: (own: string) => string;
  /** What was left out or changed. */
  readonly notices: readonly string[];
  /** What `default-server` says for the services. */
  readonly serverDefaults: readonly string[];
}

interface Section {
  readonly head: Line;
  readonly lines: readonly Line[];
}

/** @param folderExists whether a socket can be made there */
export function operatorHead(override: Override, folderExists: (path: string) => boolean): OperatorHead {
  const notices: string[] = [];
  const sections = sectionsOf(operatorLines(override, {})).map((section): Section => {
    const { kept, dropped } = withoutOld(section.head.words, section.lines, folderExists);
    for (const { text, why } of dropped) notices.push(`${override.place}: "${text}" is left out: ${why}`);
    return { head: section.head, lines: kept };
  });
  const defaults = sections.filter(({ head }) => head.words[0] === 'defaults').at(-1);
  const rule = statsRule(sections);
  if (rule !== undefined)
    notices.push(
      `${override.place}: "${rule.text.trim()}" is HAProxy's to judge, so /haproxy?stats;csv has all its columns, which marathon-lb's zdd cannot read`,
    );
  return {
    notices,
    serverDefaults: defaultServerWords(defaults?.lines ?? []),
    merge: (own) => merge(own, sections),
  };
}

function sectionsOf(lines: readonly Line[]): Section[] {
  const sections: { head: Line; lines: Line[] }[] = [];
  for (const line of lines) {
    if (beginsSection(line)) sections.push({ head: line, lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

const isStats = ({ head: { words } }: Section): boolean => words[0] === 'listen' && words[1] === 'stats';

function merge(head: string, theirs: readonly Section[]): string {
  const ours = ownSections(head);
  const lastDefaults = theirs.findLast(({ head }) => head.words[0] === 'defaults');
  const texts: string[] = [ours.preamble];
  const global = theirs.filter(({ head }) => head.words[0] === 'global').flatMap(({ lines }) => lines);
  texts.push('global\n', ...needed(ours.get('global'), global), ...global.map(asText));
  if (lastDefaults === undefined) texts.push('\n', ...ours.all('defaults'));
  for (const section of theirs) {
    if (section.head.words[0] === 'global' || isStats(section)) continue;
    texts.push(sectionText([section.head, ...section.lines]));
    if (section === lastDefaults) texts.push(...needed(ours.get('defaults'), section.lines));
  }
  const stats = theirs.filter(isStats).flatMap(({ lines }) => lines);
  // Pacer's own rules of the statistics port come first, and what leads elsewhere last.
  const own = ours.get('listen stats');
  const lines = statsRule(theirs) === undefined ? own : own.filter((line) => !line.includes('pacer_csv'));
  const end = lines.findIndex((line) => /^\s*(?:use_backend|http-request set-var)\b/.test(line));
  texts.push('\nlisten stats\n', ...lines.slice(0, end), ...stats.map(asText), ...lines.slice(end));
  texts.push(...ours.all('backend'));
  return texts.join('');
}

/** Who may read the statistics, and which of them, is said with rules that only HAProxy's own pages know. */
const ownStatsRules = new Set(['auth', 'http-request', 'scope', 'uri']);

const statsRule = (theirs: readonly Section[]): Line | undefined =>
  theirs
    .filter((section) => isStats(section) || section.head.words[0] === 'defaults')
    .flatMap(({ lines }) => lines)
    .find(({ words: [keyword, rule = ''] }) => keyword === 'stats' && ownStatsRules.has(rule));

const asText = ({ words, text }: Line): string =>
  words[0]?.startsWith('.') === true ? `${text}\n` : `  ${text}\n`;

/** Keywords of Pacer's own head that an operator's takes over by saying them, with how many words make one. */
const optional: Readonly<Record<string, number>> = {
  'stats timeout': 2,
  'hard-stop-after': 1,
  'mworker-max-reloads': 1,
  'timeout connect': 2,
  'timeout client': 2,
  'timeout server': 2,
  'http-error status 503': 3,
  mode: 1,
};

/** Those that a reload or Pacer's own sections cannot do without. */
const always: ReadonlySet<string> = new Set([
  ...['default-path', 'setenv', 'stats socket', 'maxconn', 'maxpipes', 'option idle-close-on-response'],
]);

function needed(own: readonly string[], theirs: readonly Line[]): string[] {
  const begins = (line: string, key: string) => line.trim() === key || line.trim().startsWith(`${key} `);
  const said = (key: string, count: number) =>
    theirs.some(({ words }) => words.slice(0, count).join(' ') === key) ||
    (key === 'http-error status 503' &&
      theirs.some(
        ({ words: [keyword = '', status] }) => /^error(?:file|loc)/.test(keyword) && status === '503',
      ));
  return own.filter(
    (line) =>
      [...always].some((key) => begins(line, key)) ||
      Object.entries(optional).some(([key, count]) => begins(line, key) && !said(key, count)),
  );
}

/** Pacer's own head, taken apart: lines with their newlines, comments left out with what they are about. */
function ownSections(own: string) {
  const lines = own.split(/(?<=\n)/);
  const isHead = (line: string) => /^[a-z]/.test(line);
  const starts = lines.flatMap((line, i) => (isHead(line) ? [i] : []));
  const section = (start: number) => {
    const next = starts.find((at) => at > start) ?? lines.length;
    return lines.slice(start + 1, next).filter((line) => !/^(?:#.*)?$/.test(line.trim()));
  };
  const at = (head: string) => starts.filter((i) => (lines[i] ?? '').startsWith(head));
  return {
    preamble: lines.slice(0, starts[0]).join(''),
    get: (head: string): string[] => at(head).flatMap(section),
    all: (head: string): string[] =>
      at(head).flatMap((start) => ['\n', lines[start] ?? '', ...section(start)]),
  };
}
