/** Lines of a shell as commands of words. Nothing is run, and what only a shell would know stays unknown. */
import { parse } from 'shell-quote';
import type { Unknowns } from './invocation.ts';

export interface Script {
  readonly commands: readonly (readonly string[])[];
  /** What is left out, one sentence each. */
  readonly problems: readonly string[];
}

/** @param known values of variables; assignments of the script are added */
export function readScript(text: string, unknowns: Unknowns, known = new Map<string, string>()): Script {
  const problems: string[] = [];
  const commands: string[][] = [];
  const valueOf = (name: string) => known.get(name) ?? unknowns.mark(`\${${name}}`);
  const { lines, open } = logicalLines(text, unknowns);
  if (open !== '') problems.push(`a quote (${open}) is not closed, so a shell would not start this`);
  for (const line of lines) {
    let words: string[] = [];
    const end = () => {
      if (words.length > 0) commands.push(words);
      words = [];
    };
    let skip = false;
    for (const entry of parse(line, valueOf)) {
      if (typeof entry === 'string') {
        if (!skip) words.push(entry);
        skip = false;
      } else if ('pattern' in entry) {
        // `*` alone is the group of everything, not a pattern for files.
        words.push(entry.pattern);
      } else if ('op' in entry) {
        if (separators.has(entry.op)) end();
        else {
          problems.push(`\`${entry.op}\` of the shell is left out`);
          skip = /[<>]/.test(entry.op);
          // The number of the stream before it.
          if (skip && /^\d$/.test(words.at(-1) ?? '')) words.pop();
        }
      }
    }
    end();
    const assigned = commands.at(-1)?.filter((word) => word !== 'export') ?? [];
    if (assigned.every((word) => assignment.test(word))) {
      for (const word of assigned) {
        const [, name = '', value = ''] = assignment.exec(word) ?? [];
        known.set(name, value);
      }
    }
  }
  return { commands, problems };
}

export const assignment = /^([A-Za-z_]\w*)=(.*)$/s;

const separators = new Set([';', '&&', '||', '|', '&', '|&', ';;']);

/**
 * Lines end outside quotes alone, and not before a line that begins with a flag; comments go. What `$(...)` and
 * backticks would print is not known.
 */
function logicalLines(
  text: string,
  unknowns: Unknowns,
): { readonly lines: readonly string[]; readonly open: string } {
  const joined = text.replace(/\\\r?\n/g, ' ');
  const lines: string[] = [];
  let line = '';
  let quote = '';
  for (let i = 0; i < joined.length; i++) {
    const character = joined[i] ?? '';
    if (quote === '' && character === '\n') {
      lines.push(line);
      line = '';
      continue;
    }
    // A comment may hold an apostrophe, which opens no quote.
    if (quote === '' && character === '#' && /(?:^|\s)$/.test(line)) {
      while (i + 1 < joined.length && joined[i + 1] !== '\n') i++;
      continue;
    }
    const substitution = quote === "'" ? undefined : substitutionAt(joined, i);
    if (substitution !== undefined) {
      line += unknowns.mark(substitution);
      i += substitution.length - 1;
      continue;
    }
    // Within a word it is a character as any other, but not to the parser.
    if (quote === '' && character === '#') line += '\\';
    if (character === '\\' && quote !== "'") line += joined[i++] ?? '';
    else if (quote === '' && /["']/.test(character)) quote = character;
    else if (character === quote) quote = '';
    line += joined[i] ?? '';
  }
  lines.push(line);
  const full = lines
    .filter((it) => it.trim() !== '')
    .reduce<string[]>((all, it) => {
      const before = all.at(-1);
      if (before === undefined || !/^\s*-/.test(it)) return [...all, it];
      return [...all.slice(0, -1), `${before} ${it}`];
    }, []);
  return { lines: full, open: quote };
}

/** `$(...)` with what it nests, or the text between two backticks. */
function substitutionAt(text: string, start: number): string | undefined {
  if (text[start] === '`') {
    const end = text.indexOf('`', start + 1);
    return end < 0 ? undefined : text.slice(start, end + 1);
  }
  if (!text.startsWith('$(', start)) return undefined;
  let depth = 0;
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return text.slice(start, i + 1);
  }
  return undefined;
}
