/** What a frontend of marathon-lb does with a request. */
import type { ConfigLine, ConfigSection } from './lb-config.ts';
import { readAcls, readCondition, type Condition } from './lb-conditions.ts';
import { readSample, type LbMaps, type LbRequest } from './lb-sample.ts';

export type LbAnswer =
  | { readonly kind: 'backend'; readonly backend: string }
  | { readonly kind: 'redirect' }
  | { readonly kind: 'refused' }
  /** For user and password. */
  | { readonly kind: 'asked' }
  /** HAProxy's own 503. */
  | { readonly kind: 'nobody' }
  /** It depends on what is not known here. */
  | { readonly kind: 'unknown'; readonly line: ConfigLine };

export type LbFrontend = (request: LbRequest) => LbAnswer;

interface Rule {
  readonly line: ConfigLine;
  readonly applies: Condition;
  readonly act: (request: LbRequest) => LbAnswer;
}

/** @param backends the names there are: a look-up that finds another leads to the default */
export function readFrontend(
  { lines }: ConfigSection,
  maps: LbMaps,
  backends: ReadonlySet<string>,
): LbFrontend {
  const acls = readAcls(lines, maps);
  const fallback = lines.find(({ words }) => words[0] === 'default_backend')?.words[1];
  const last: LbAnswer = fallback === undefined ? { kind: 'nobody' } : { kind: 'backend', backend: fallback };
  // HAProxy looks at all rules of one kind before the next kind. [haproxy] configuration.txt 4.2 "use_backend"
  const ruled = ['http-request', 'redirect', 'use_backend'].flatMap((keyword) =>
    lines.filter(({ words }) => words[0] === keyword),
  );
  const rules = ruled.flatMap((line) => readRule(line, acls, maps, backends, last));
  return (request) => {
    for (const { line, applies, act } of rules) {
      const truth = applies(request);
      if (truth === true) return act(request);
      if (truth === undefined) return { kind: 'unknown', line };
    }
    return last;
  };
}

function readRule(
  line: ConfigLine,
  acls: ReadonlyMap<string, Condition>,
  maps: LbMaps,
  backends: ReadonlySet<string>,
  last: LbAnswer,
): Rule[] {
  const { words } = line;
  const start = words.findIndex((word) => word === 'if' || word === 'unless');
  const applies = readCondition(start < 0 ? [] : words.slice(start), acls, maps);
  const [keyword, target = ''] = words;
  const rule = (act: Rule['act']): Rule[] => [{ line, applies, act }];
  if (keyword === 'redirect') return rule(() => ({ kind: 'redirect' }));
  if (keyword === 'http-request') {
    if (target === 'redirect') return rule(() => ({ kind: 'redirect' }));
    if (target === 'auth') return rule(() => ({ kind: 'asked' }));
    return target === 'deny' || target === 'return' || target === 'tarpit'
      ? rule(() => ({ kind: 'refused' }))
      : [];
  }
  const expression = /^%\[(.*)\]$/s.exec(target)?.[1];
  if (expression === undefined) return rule(() => ({ kind: 'backend', backend: target }));
  const sample = readSample(expression, maps);
  return rule((request) => {
    const backend = sample(request);
    if (backend === undefined) return { kind: 'unknown', line };
    return backend !== null && backends.has(backend) ? { kind: 'backend', backend } : last;
  });
}
