/** Conditions of a label's rules get names of their service, so that none can be added to another service's. */
import { writeLine, type Line } from '../guard/words.ts';

export function withOwnNames(lines: readonly Line[], backend: string): Line[] {
  const defined = definedAcls(lines);
  return lines.map((line) => {
    const words = renamed(line.words, defined, backend);
    return words === line.words ? line : { ...line, words, text: writeLine(words) };
  });
}

export const definedAcls = (lines: readonly Pick<Line, 'words'>[]): Set<string> =>
  new Set(
    lines.flatMap(({ words: [keyword, name] }) => (keyword === 'acl' && name !== undefined ? [name] : [])),
  );

/** A backend's name has no colon, so no other service can come to the same name. */
const ownName = (name: string, backend: string): string => `${name}:${backend}`;

function renamed(words: readonly string[], defined: ReadonlySet<string>, backend: string): readonly string[] {
  if (words[0] === 'acl') return words.with(1, ownName(words[1] ?? '', backend));
  const at = words.findIndex((word, i) => i > 0 && (word === 'if' || word === 'unless'));
  return at < 0 ? words : [...words.slice(0, at + 1), ...renamedTerms(words.slice(at + 1), defined, backend)];
}

/** The terms of a condition; what is in braces is an expression of its own. */
export function renamedTerms(
  terms: readonly string[],
  defined: ReadonlySet<string>,
  backend: string,
): string[] {
  let depth = 0;
  return terms.map((term) => {
    if (term === '{' || term === '!{') depth++;
    if (term === '}') depth--;
    const [, not = '', name = ''] = /^(!*)(.*)$/s.exec(term) ?? [];
    return depth === 0 && defined.has(name) ? `${not}${ownName(name, backend)}` : term;
  });
}
