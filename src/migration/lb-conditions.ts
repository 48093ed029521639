/** Conditions of HAProxy on one request: true, false, or undefined where they are about something not known here. */
import type { ConfigLine } from './lb-config.ts';
import { readSample, type LbMaps, type LbRequest } from './lb-sample.ts';

export type Truth = boolean | undefined;
export type Condition = (request: LbRequest) => Truth;

/** The ACLs of a section by name; several of one name are alternatives. */
export function readAcls(lines: readonly ConfigLine[], maps: LbMaps): Map<string, Condition> {
  const found = new Map<string, Condition[]>();
  for (const { words } of lines) {
    const [keyword, name, ...test] = words;
    if (keyword !== 'acl' || name === undefined) continue;
    found.set(name, [...(found.get(name) ?? []), readTest(test, maps)]);
  }
  return new Map(
    [...found].map(([name, tests]) => [name, (request) => any(tests.map((test) => test(request)))]),
  );
}

/** @param words from `if` or `unless` on; none = always */
export function readCondition(
  words: readonly string[],
  acls: ReadonlyMap<string, Condition>,
  maps: LbMaps,
): Condition {
  const [keyword, ...terms] = words;
  if (keyword === undefined) return () => true;
  const alternatives: Condition[][] = [[]];
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] ?? '';
    if (term === 'or' || term === '||') {
      alternatives.push([]);
      continue;
    }
    const negated = term.startsWith('!');
    const bare = negated ? term.slice(1) || (terms[++i] ?? '') : term;
    let test: Condition;
    if (bare === '{') {
      const end = terms.indexOf('}', i);
      test = readTest(terms.slice(i + 1, end < 0 ? undefined : end), maps);
      i = end < 0 ? terms.length : end;
    } else test = acls.get(bare) ?? predefined(bare);
    alternatives.at(-1)?.push(negated ? (request) => not(test(request)) : test);
  }
  const whole: Condition = (request) =>
    any(alternatives.map((tests) => all(tests.map((test) => test(request)))));
  return keyword === 'unless' ? (request) => not(whole(request)) : whole;
}

/** [haproxy] configuration.txt 7.4 "Pre-defined ACLs" */
function predefined(name: string): Condition {
  if (name === 'TRUE') return () => true;
  if (name === 'FALSE') return () => false;
  return () => undefined;
}

/** A fetch, flags, then values of which one must match. */
function readTest([fetch = '', ...rest]: readonly string[], maps: LbMaps): Condition {
  const [, name = ''] = /^([\w.]+)/.exec(fetch) ?? [];
  if (name === 'ssl_fc') return ({ secure }) => secure;
  if (name === 'http_auth') return ({ anonymous }) => anonymous !== true;
  if (name === 'always_true') return () => true;
  if (name === 'always_false') return () => false;
  let ignoreCase = false;
  let method = /(?:^|_)(beg|end|sub|dir|dom|reg|len|found)$/.exec(name)?.[1] ?? 'str';
  let at = 0;
  for (; rest[at]?.startsWith('-') === true; at++) {
    if (rest[at] === '-i') ignoreCase = true;
    else if (rest[at] === '-m') method = rest[++at] ?? method;
    else if (rest[at] === '--') {
      at++;
      break;
    } else return () => undefined;
  }
  const sample = readSample(fetch, maps);
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  const values = rest.slice(at).map(fold);
  return (request) => {
    const value = sample(request);
    if (value === undefined) return undefined;
    if (value === null) return false;
    return any(values.map((wanted) => matches(method, fold(value), wanted)));
  };
}

function matches(method: string, value: string, wanted: string): Truth {
  switch (method) {
    case 'str':
      return value === wanted;
    case 'beg':
      return value.startsWith(wanted);
    case 'end':
      return value.endsWith(wanted);
    case 'sub':
      return value.includes(wanted);
    case 'dir':
      return `/${value}/`.includes(`/${wanted.replace(/^\/|\/$/g, '')}/`);
    case 'dom':
      return `.${value}.`.includes(`.${wanted.replace(/^\.|\.$/g, '')}.`);
    case 'reg':
      try {
        return new RegExp(wanted).test(value);
      } catch {
        return undefined;
      }
    default:
      return undefined;
  }
}

const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth);

const any = (truths: readonly Truth[]): Truth =>
  truths.includes(true) ? true : truths.includes(undefined) ? undefined : false;

const all = (truths: readonly Truth[]): Truth =>
  truths.includes(false) ? false : truths.includes(undefined) ? undefined : true;
