/** Sample expressions of HAProxy, such as `req.hdr(host),lower,map(file)`, as far as marathon-lb uses them. */

/** One request, as a frontend sees it. */
export interface LbRequest {
  readonly secure: boolean;
  readonly host: string;
  readonly path: string;
  readonly appId: string;
  /** Without user and password. */
  readonly anonymous?: boolean;
}

/** File name without its directory → entries. */
export type LbMaps = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Undefined where it is not known here; null where HAProxy finds nothing. */
export type Sample = (request: LbRequest) => string | null | undefined;

export function readSample(text: string, maps: LbMaps): Sample {
  const [fetch = '', ...converters] = splitOutside(text, ',');
  const steps = converters.map((it) => converter(it, maps));
  const first = fetchOf(fetch);
  return (request) =>
    steps.reduce<string | null | undefined>(
      (value, step) => (value === undefined || value === null ? value : step(value)),
      first(request),
    );
}

function fetchOf(text: string): Sample {
  const [, name = '', argument = ''] = /^([\w.]+)(?:\(([^()]*)\))?$/.exec(text) ?? [];
  // The flavours of hdr differ in how they are matched, not in what they fetch.
  if (/^(?:req\.)?f?hdr(?:_\w+)?$/.test(name)) {
    const header = argument.toLowerCase().split(',')[0];
    if (header === 'host') return ({ host }) => host;
    if (header === 'x-marathon-app-id') return ({ appId }) => (appId === '' ? null : appId);
    return () => undefined;
  }
  if (/^(?:ssl_fc_sni(?:_\w+)?|req_ssl_sni|req\.ssl_sni)$/.test(name))
    return ({ secure, host }) => (secure ? host : null);
  if (/^(?:path|capture\.req\.uri|url)(?:_\w+)?$/.test(name)) return ({ path }) => path;
  return () => undefined;
}

type Step = (value: string) => string | null | undefined;

function converter(text: string, maps: LbMaps): Step {
  const [, name = '', argument = ''] = /^(\w+)(?:\((.*)\))?$/s.exec(text) ?? [];
  switch (name) {
    case 'lower':
      return (value) => value.toLowerCase();
    case 'host_only':
      return (value) => value.replace(/:\d+$/, '');
    // The port, which a probe has not: `regsub(:.*$,,)`, `field(1,:)`.
    case 'regsub':
    case 'field':
    case 'word':
      return argument.includes(':') ? (value) => value.replace(/:\d+$/, '') : () => undefined;
    case 'map':
    case 'map_str':
    case 'map_beg': {
      const [file = '', fallback] = splitOutside(argument, ',');
      const entries = maps.get(file.replace(/^.*\//, ''));
      if (entries === undefined) return () => undefined;
      const find = (value: string) => (name === 'map_beg' ? longest(entries, value) : entries.get(value));
      return (value) => find(value) ?? fallback ?? null;
    }
    default:
      return () => undefined;
  }
}

function longest(entries: ReadonlyMap<string, string>, value: string): string | undefined {
  let found: [string, string] | undefined;
  for (const entry of entries)
    if (value.startsWith(entry[0]) && entry[0].length > (found?.[0].length ?? -1)) found = entry;
  return found?.[1];
}

/** Splits at a separator that is not in parentheses. */
function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const c of text) {
    if (c === '(') depth++;
    if (c === ')') depth--;
    if (c === separator && depth === 0) {
      parts.push(part);
      part = '';
    } else part += c;
  }
  return [...parts, part];
}
