/**
 * marathon-lb's templates of map look-ups, `use_backend %[EXPRESSION]`, as what they are here: a look-up among others,
 * whose result is kept until all have been tried.
 */
import type { Override } from '../core/model/replaced.ts';
import { writeLine, type Line } from '../core/guard/words.ts';
import { wordsValue } from '../core/templates/placeholders.ts';
import { operatorLines } from './operator/operator-section.ts';

/** Maps are named relative to the configuration, which a name with a folder in it would not be. */
const folder = '/haproxy_dir';

export function mapLookUp(override: Override): readonly string[] {
  const lines = operatorLines(override, { haproxy_dir: wordsValue(folder), hostname: wordsValue('') });
  return lines.map((line) => asLookUp(line).replaceAll(`${folder}/`, ''));
}

function asLookUp({ words, text }: Line): string {
  const [keyword, target = '', ...condition] = words;
  const expression = /^%\[(.*)\]$/s.exec(target)?.[1];
  if (keyword !== 'use_backend' || expression === undefined) return text;
  const notFound = ['!{', 'var(txn.pacer_backend)', '-m', 'found', '}'];
  const setVariable = ['http-request', 'set-var(txn.pacer_backend)', expression];
  if (condition.length === 0) return writeLine([...setVariable, 'if', ...notFound]);
  // To `a or b` and to `unless` no more can be added without repeating it.
  const simple = condition[0] === 'if' && !condition.includes('or') && !condition.includes('||');
  return writeLine([...setVariable, ...condition, ...(simple ? notFound : [])]);
}
