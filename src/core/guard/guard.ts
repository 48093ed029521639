/**
 * What a label's fragment may contain: lines of its own section that affect only its own service. Judged word by word,
 * after undoing HAProxy's quoting.
 */
import type { Section } from '../model/template-names.ts';
import type { Objection } from './objection.ts';
import { wrongFile, type AllowedFolders } from './guard-files.ts';
import { wrongAddress } from './guard-addresses.ts';
import { mayStand, sharedKeywords } from './keywords.ts';
import type { Line } from './words.ts';
import { bindOptions } from '../labels/bind-options.ts';

/** What the judgement depends on. */
export interface GuardContext extends AllowedFolders {
  readonly servicePort: number;
  /** Files named by labels that have their own parser. They are allowed. */
  readonly knownFiles: readonly string[];
  /** Addresses of the machine, where HAProxy would be a client of this node's own ports. */
  readonly ownAddresses: readonly string[];
}

/** @returns why a label may not contain this line in this section; undefined if it may */
export function objectionTo(line: Line, section: Section, context: GuardContext): Objection | undefined {
  const [keyword = '', ...args] = line.words;
  if (keyword === '') return undefined;
  return (
    wrongKeyword(keyword, args, section) ??
    wrongEverywhere(line) ??
    wrongFile(line.words, context) ??
    wrongAddress(line.words, context.ownAddresses) ??
    (keyword === 'bind' ? wrongBind(args, context.servicePort) : undefined) ??
    (section === 'shared' ? wrongForAll(line.words) : undefined)
  );
}

function wrongKeyword(keyword: string, args: readonly string[], section: Section): Objection | undefined {
  const name = keyword === 'no' || keyword === 'default' ? (args[0] ?? '') : keyword;
  const pair = `${name} ${args[keyword === name ? 0 : 1] ?? ''}`;
  if (mayStand(name, section) && !deniedPairs.has(pair)) return undefined;
  const what = deniedPairs.has(pair) ? pair : keyword;
  return {
    reason: `labels may not contain "${what.slice(0, 60)}"`,
    remedy:
      section === 'shared'
        ? `write ${sharedKeywords.join(', ')}`
        : `use only lines of the service's own ${sectionNames[section]}, or ask the operator for a template`,
  };
}

const sectionNames: Readonly<Record<Exclude<Section, 'shared'>, string>> = {
  userlist: 'userlist',
  frontend: 'frontend',
  backend: 'backend',
  server: 'server line',
};

/** Combinations of two words that are forbidden, although the first word alone is not. */
const deniedPairs: ReadonlySet<string> = new Set([
  'option external-check',
  'filter lua',
  'filter spoe',
  'filter opentracing',
  'filter fcgi-app',
  'http-request use-service',
  'tcp-request use-service',
  'http-request set-dst',
  'http-request set-dst-port',
  'tcp-request set-dst',
  'option transparent',
  'option http_proxy',
]);

/** Finds names that reach outside the configuration, wherever an expression may be. */
function wrongEverywhere({ words, expandsEnvironment }: Line): Objection | undefined {
  const notForLabels = (what: string): Objection => ({
    reason: `labels may not use ${what}`,
    remedy: 'write the value itself, or ask the operator for a template',
  });
  if (expandsEnvironment) return notForLabels('an environment variable ("$...")');
  for (const word of words) {
    if (/(?:^|[^\w.-])env\(/i.test(word)) return notForLabels('the environment (env)');
    for (const name of namesIn(word)) {
      if (name === 'lua' || name.startsWith('lua.')) return notForLabels('Lua');
      if (/^(?:proc|sess|txn|req|res|check)\.pacer/.test(name)) return notForLabels("a variable of Pacer's");
    }
  }
  return words.some((word) => word === 'use-service' || word === 'external-check')
    ? notForLabels('a service of the process')
    : undefined;
}

/** The names in an expression: `%[req.hdr(host),lower,env(X)]` has req.hdr, host, lower, env and X. */
const namesIn = (word: string): string[] => word.toLowerCase().split(/[%[\](),\s{}]+/);

/** In a section that all services share, a line without a condition would apply to everyone's requests. */
function wrongForAll(words: readonly string[]): Objection | undefined {
  const [keyword = ''] = words;
  if (keyword === 'acl' || words.some((word, i) => i > 0 && (word === 'if' || word === 'unless')))
    return undefined;
  return {
    reason: `"${keyword}" without a condition applies to the requests of every service`,
    remedy: 'add a condition, e.g. if host_{cleanedUpHostname}',
  };
}

/** The `bind` lines of a label: only the service's own port, and options of that listener. */
function wrongBind(args: readonly string[], servicePort: number): Objection | undefined {
  const [addresses = '', ...options] = args;
  for (const address of addresses.split(',')) {
    const port = /^(?:ipv[46]@)?(?:\*|\[?[0-9a-f.:]*\]?):(\d+)$/i.exec(address)?.[1];
    if (port !== String(servicePort)) {
      return {
        reason: `bind ${address.slice(0, 60)} is not the service's own port ${servicePort}`,
        remedy: 'bind {bindAddr}:{servicePort}, and set the port with HAPROXY_<n>_PORT',
      };
    }
  }
  if (options.some((word) => /\s/.test(word)))
    return { reason: 'an option of bind contains a blank', remedy: 'write each option as one word' };
  const parsed = bindOptions(options.join(' '));
  return parsed.ok ? undefined : parsed;
}
