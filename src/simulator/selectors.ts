/** Label selectors of GET /v2/apps: `a==b`, `a!=b`, `a in (x,y)`, `a notin (x,y)`, `a`; a comma means and. */
import { ApiError } from './api-error.ts';

export type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

const term = String.raw`(?:[-A-Za-z0-9_.]|\\.)+`;
const shape = new RegExp(
  String.raw`^\s*(${term})\s*(?:(==|!=)\s*(${term})|\s(in|notin)\s*\(([^)]*)\))?\s*(?:,|$)`,
);

export function labelTest(selector: string): LabelTest {
  const tests: LabelTest[] = [];
  for (let left = selector; left !== '';) {
    const match = shape.exec(left);
    if (!match) throw new ApiError(422, { message: `Can not parse label selector ${selector}` });
    tests.push(oneTest(match));
    left = left.slice(match[0].length);
  }
  return (labels) => tests.every((test) => test(labels));
}

function oneTest([, rawKey = '', sign, rawValue = '', word, rawSet = '']: RegExpExecArray): LabelTest {
  const key = unescaped(rawKey);
  const values = sign ? [unescaped(rawValue)] : rawSet.split(',').map((value) => unescaped(value.trim()));
  if (!sign && !word) return (labels) => key in labels;
  const wanted = sign === '==' || word === 'in';
  // [marathon] Also `!=` and `notin` ask that the label exists.
  return (labels) => key in labels && values.includes(labels[key] ?? '') === wanted;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
