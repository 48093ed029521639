/**
 * marathon-lb's placeholders: `{name}`, and `{{` and `}}` for braces, as Python's str.format reads them. A value is
 * written as its place in the line asks for, so that it stays one word there, whatever is in it.
 */
import type { Part, Quote, Template } from '../model/replaced.ts';
import { nearest } from '../collections/nearest.ts';
import { writeWord } from '../guard/words.ts';

export type PlaceholderValue =
  /** Somebody's text. */
  | { readonly kind: 'text'; readonly text: string; readonly fields?: Readonly<Record<string, string>> }
  /** Words of configuration that are ready to stand there. */
  | { readonly kind: 'words'; readonly words: string };

export type PlaceholderData = Readonly<Record<string, PlaceholderValue>>;

export const textValue = (text: string | number): PlaceholderValue => ({ kind: 'text', text: String(text) });
export const wordsValue = (words: string): PlaceholderValue => ({ kind: 'words', words });

export interface TemplateFault {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
  readonly remedy: string;
}

/** A template without placeholders: single braces are HAProxy's own. */
export const rawTemplate = (text: string): Template => ({ parts: [{ kind: 'literal', text }] });

/** Reads a template that may use these placeholders. */
export function readTemplate(text: string, known: readonly string[]): Template | TemplateFault {
  const parts: Part[] = [];
  let literal = '';
  let line = 1;
  let quote: Quote = 'none';
  let escaped = false;
  const add = (c: string) => {
    literal += c;
    if (c === '\n') [line, quote, escaped] = [line + 1, 'none', false];
    else if (escaped) escaped = false;
    else if (c === '\\') escaped = quote !== 'single';
    else if (c === '"' && quote !== 'single') quote = quote === 'double' ? 'none' : 'double';
    else if (c === "'" && quote !== 'double') quote = quote === 'single' ? 'none' : 'single';
  };
  for (let at = 0; at < text.length; at++) {
    const c = text[at] ?? '';
    if ((c === '{' || c === '}') && text[at + 1] === c) {
      add(c);
      at++;
    } else if (c === '{') {
      const end = text.indexOf('}', at);
      const inside = end < 0 ? undefined : text.slice(at + 1, end);
      const found = inside === undefined ? undoubled('{') : readPlaceholder(inside, known);
      if ('reason' in found) return { line, ...found };
      parts.push({ kind: 'literal', text: literal }, { kind: 'placeholder', ...found, quote });
      literal = '';
      at = end;
    } else if (c === '}') {
      return { line, ...undoubled('}') };
    } else add(c);
  }
  return { parts: [...parts, { kind: 'literal', text: literal }] };
}

const undoubled = (brace: string) => ({
  reason: `a single ${brace} has no counterpart`,
  remedy: `write ${brace}${brace} for a brace of HAProxy's`,
});

function readPlaceholder(
  inside: string,
  known: readonly string[],
): { name: string; field?: string } | Omit<TemplateFault, 'line'> {
  const match = /^([A-Za-z_]\w*)(?:\[(\w+)\])?$/.exec(inside);
  const name = match?.[1];
  const field = match?.[2];
  if (name !== undefined && known.includes(name)) {
    if (field === undefined) return { name };
    // The one value of marathon-lb's that has fields.
    if (name === 'healthCheck') return { name, field };
  }
  if (/^\s|\s$|^$/.test(inside)) {
    return {
      reason: `{${inside.split('\n')[0] ?? ''}} is read as a placeholder`,
      remedy: `write {{${inside.split('\n')[0] ?? ''}}} for braces of HAProxy's`,
    };
  }
  const [word = ''] = inside.split(/[^\w]/);
  if (known.includes(word)) {
    return {
      reason: `{${inside}} has a format or a field that is not known here`,
      remedy: `write {${word}}`,
    };
  }
  const there = known.length === 0 ? 'there are none here' : `there are ${known.join(', ')}`;
  const guess = nearest(inside, known);
  return {
    reason: `there is no placeholder {${inside.slice(0, 60)}}`,
    remedy: guess === undefined ? there : `did you mean {${guess}}? ${there}`,
  };
}

/** The text of a template for these values. Placeholders that have no value stand for nothing. */
export function fillTemplate({ parts }: Template, data: PlaceholderData): string {
  return parts
    .map((part) => {
      if (part.kind === 'literal') return part.text;
      const value = data[part.name];
      if (value === undefined) return '';
      if (value.kind === 'words') return value.words;
      const text = part.field === undefined ? value.text : (value.fields?.[part.field] ?? '');
      return quoted(text, part.quote);
    })
    .join('');
}

function quoted(text: string, quote: Quote): string {
  if (quote === 'single') return text.replaceAll("'", "'\\''");
  if (quote === 'double') return text.replace(/[\\"$]/g, '\\$&');
  return text === '' ? '' : writeWord(text);
}
