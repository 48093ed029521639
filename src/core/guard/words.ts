/**
 * A line of HAProxy's configuration, split into words the way HAProxy splits it. A line is judged by these words, so
 * quotes, escapes and comments cannot hide anything.
 * [haproxy] configuration.txt 2.2 "Quoting and escaping"; edge cases tested on 2.6, 3.0 and 3.2
 */
export interface Line {
  /** The words as HAProxy reads them, unquoted; none for an empty line or a comment. */
  readonly words: readonly string[];
  /** The line as it was written, without blanks around it. */
  readonly text: string;
  /** Double quotes contain a `$`, where HAProxy inserts an environment variable. */
  readonly expandsEnvironment: boolean;
}

/** HAProxy cuts off more words, with a warning. */
const mostWords = 64;

/** The blanks of C's isspace. Other Unicode blanks do not separate words. */
const blank = /[ \t\n\v\f\r]/;

const plainEscapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };

/** @returns the words of the line, or why HAProxy cannot read it */
export function splitLine(text: string): Line | { readonly wrong: string } {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  let expandsEnvironment = false;
  for (let at = 0; at < text.length; at++) {
    const c = text[at] ?? '';
    if (quote === undefined && blank.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === undefined && c === '#') {
      break;
    } else if ((c === '"' && quote !== "'") || (c === "'" && quote !== '"')) {
      quote = quote === undefined ? c : undefined;
      word ??= '';
    } else if (c === '\\' && quote !== "'") {
      const next = text[at + 1] ?? '';
      const decoded = decodeEscape(text, at, quote);
      if (decoded === undefined) return { wrong: 'an escape \\x is not followed by two hexadecimal digits' };
      word = (word ?? '') + decoded.text;
      at += decoded.length - 1;
      if (next === '') return { wrong: 'it ends with a backslash' };
    } else {
      if (c === '$' && quote === '"') expandsEnvironment = true;
      word = (word ?? '') + c;
    }
  }
  if (quote !== undefined) return { wrong: `a quote ${quote} is not closed` };
  if (word !== undefined) words.push(word);
  if (words.length > mostWords) return { wrong: `it has more than ${mostWords} words` };
  return { words, text: text.trim(), expandsEnvironment };
}

function decodeEscape(
  text: string,
  at: number,
  quote: string | undefined,
): { text: string; length: number } | undefined {
  const next = text[at + 1] ?? '';
  if ([' ', '\\', '#', '"', "'"].includes(next) || (next === '$' && quote === '"'))
    return { text: next, length: 2 };
  if (Object.hasOwn(plainEscapes, next)) return { text: plainEscapes[next] ?? '', length: 2 };
  if (next !== 'x') return { text: `\\${next}`, length: next === '' ? 1 : 2 };
  const hex = text.slice(at + 2, at + 4);
  return /^[0-9a-f]{2}$/i.test(hex) ? { text: String.fromCharCode(parseInt(hex, 16)), length: 4 } : undefined;
}

const bare = /^[A-Za-z0-9_.,:/@+=~*()!%[\]<>^|&?;{}-]+$/;

/** Writes a word so that HAProxy reads back the same; without quotes if it has no special characters. */
export function writeWord(word: string): string {
  if (bare.test(word)) return word;
  // A line break in a word can only be written as an escape, and escapes work only outside single quotes.
  if (/[\n\r\t]/.test(word)) {
    const escaped = word
      .replace(/[\\"$]/g, '\\$&')
      .replaceAll('\n', '\\n')
      .replaceAll('\r', '\\r')
      .replaceAll('\t', '\\t');
    return `"${escaped}"`;
  }
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Writes a line that HAProxy reads back as these words. */
export const writeLine = (words: readonly string[]): string => words.map(writeWord).join(' ');
