/**
 * Translates directives that HAProxy has removed since 2.0 to present ones, if these mean exactly the same. Many labels
 * and templates of marathon-lb's users contain them.
 * [haproxy] configuration.txt 2.0 4.2, and the versions since
 */
import { deletedHeader, headerRewrite, pathRewrite } from './old-regex.ts';
import type { Line } from './words.ts';

/** The translation of one line. */
export type Translation =
  /** The lines to write instead; none if nothing is needed any more. */
  | { readonly kind: 'exact'; readonly lines: readonly (readonly string[])[] }
  /** It was removed, and the replacement depends on what was meant. */
  | { readonly kind: 'unclear'; readonly remedy: string };

/** @returns undefined for arguments that HAProxy still accepts */
type Translate = (args: readonly string[], condition: readonly string[]) => Translation | undefined;

const exact = (...lines: (readonly string[])[]): Translation => ({ kind: 'exact', lines });
const unclear = (remedy: string): Translation => ({ kind: 'unclear', remedy });

/** @returns undefined for a line that HAProxy still knows */
export function translateRemoved({ words }: Line): Translation | undefined {
  const [first = '', second = ''] = words;
  const name = first.toLowerCase();
  const twoWords = `${name} ${second.toLowerCase()}`;
  const key = Object.hasOwn(translations, twoWords) ? twoWords : name;
  const translate = Object.hasOwn(translations, key) ? translations[key] : undefined;
  if (translate === undefined) return undefined;
  const rest = words.slice(key === twoWords ? 2 : 1);
  const at = rest.findIndex((word) => word === 'if' || word === 'unless');
  return at < 0 ? translate(rest, []) : translate(rest.slice(0, at), rest.slice(at));
}

/** In values of present directives, `%` begins a variable. */
const literal = (text: string): string => text.replaceAll('%', '%%');

const replace =
  (on: 'http-request' | 'http-response', ignoreCase: boolean): Translate =>
  (args, condition) => {
    const [search, replacement] = args;
    const today = `write ${on} replace-header${on === 'http-request' ? ' or replace-path' : ''}`;
    if (search === undefined || replacement === undefined || args.length !== 2) return unclear(today);
    const pattern = (text: string) => (ignoreCase ? `(?i)${text}` : text);
    const header = headerRewrite(search, replacement);
    if (header !== undefined) {
      const value = literal(header.replacement);
      return exact([on, 'replace-header', header.name, pattern(header.search), value, ...condition]);
    }
    const path = on === 'http-request' ? pathRewrite(search, replacement) : undefined;
    return path === undefined
      ? unclear(today)
      : exact([on, 'replace-pathq', pattern(path.search), literal(path.replacement), ...condition]);
  };

const add =
  (on: 'http-request' | 'http-response'): Translate =>
  (args, condition) => {
    const match = /^([A-Za-z0-9-]+): *(.*)$/s.exec(args[0] ?? '');
    return match === null || args.length !== 1
      ? unclear(`write ${on} add-header NAME VALUE`)
      : exact([on, 'add-header', match[1] ?? '', literal(match[2] ?? ''), ...condition]);
  };

const remove =
  (on: 'http-request' | 'http-response'): Translate =>
  (args, condition) => {
    const name = deletedHeader(args[0] ?? '');
    return name === undefined || args.length !== 1
      ? unclear(`write ${on} del-header NAME`)
      : exact([on, 'del-header', name, ...condition]);
  };

const deny =
  (on: 'http-request' | 'http-response', action: string): Translate =>
  () =>
    unclear(`write ${on} ${action} if { ... }, with the condition that the pattern stood for`);

/** The same directive under another name. */
const renamed =
  (...words: string[]): Translate =>
  (args, condition) =>
    exact([...words, ...args, ...condition]);

const gone: Translate = () => exact();

/** Headers and body after the version: HAProxy 3.0 accepts them only with `http-check send`. */
const hiddenHeaders: Translate = ([method = '', uri = '', hidden = '', ...more]) => {
  const [version = '', ...lines] = hidden.replaceAll('\r\n', '\n').split('\n');
  if (lines.length === 0) return undefined;
  const end = lines.indexOf('');
  const body = end < 0 ? '' : lines.slice(end + 1).join('\r\n');
  const headers = (end < 0 ? lines : lines.slice(0, end)).map((line) =>
    /^([A-Za-z0-9-]+): *(.*)$/.exec(line),
  );
  if (more.length > 0 || headers.some((match) => match === null))
    return unclear('write option httpchk METHOD URI VERSION, and http-check send hdr NAME VALUE');
  const words = headers.flatMap((match) => ['hdr', match?.[1] ?? '', literal(match?.[2] ?? '')]);
  return exact(
    ['option', 'httpchk', method, uri, version],
    ['http-check', 'send', ...words, ...(body === '' ? [] : ['body', body])],
  );
};

const translations: Readonly<Record<string, Translate>> = {
  reqrep: replace('http-request', false),
  reqirep: replace('http-request', true),
  rsprep: replace('http-response', false),
  rspirep: replace('http-response', true),
  reqadd: add('http-request'),
  rspadd: add('http-response'),
  reqdel: remove('http-request'),
  reqidel: remove('http-request'),
  rspdel: remove('http-response'),
  rspidel: remove('http-response'),
  reqdeny: deny('http-request', 'deny'),
  reqideny: deny('http-request', 'deny'),
  rspdeny: deny('http-response', 'deny'),
  rspideny: deny('http-response', 'deny'),
  reqtarpit: deny('http-request', 'tarpit'),
  reqitarpit: deny('http-request', 'tarpit'),
  reqallow: deny('http-request', 'allow'),
  reqiallow: deny('http-request', 'allow'),
  reqpass: deny('http-request', 'allow'),
  reqipass: deny('http-request', 'allow'),
  reqsetbe: () => unclear('write use_backend NAME if { ... }'),
  reqisetbe: () => unclear('write use_backend NAME if { ... }'),
  block: (args, condition) =>
    args.length === 0 && condition.length > 0
      ? exact(['http-request', 'deny', ...condition])
      : unclear('write http-request deny if ...'),
  redispatch: renamed('option', 'redispatch'),
  clitimeout: renamed('timeout', 'client'),
  contimeout: renamed('timeout', 'connect'),
  srvtimeout: renamed('timeout', 'server'),
  'timeout clitimeout': renamed('timeout', 'client'),
  'timeout contimeout': renamed('timeout', 'connect'),
  'timeout srvtimeout': renamed('timeout', 'server'),
  'option forceclose': renamed('option', 'httpclose'),
  'option http-use-htx': gone,
  'option httpchk': hiddenHeaders,
  'option http-tunnel': () =>
    unclear('remove it: HAProxy keeps connections alive and processes each request'),
  'bind-process': gone,
  nbproc: gone,
  'monitor-net': () => unclear('write http-request return status 200 if { src NETWORK }'),
  'mode health': () => unclear('write mode http and http-request return status 200'),
  appsession: () => unclear('write stick-table and stick on, or cookie'),
};
