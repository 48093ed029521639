/** Parsers of the labels that say which requests a service gets: hosts and paths. */
import type { PathType } from '../model/label-values.ts';
import type { Host } from '../model/ids.ts';
import { readList, type Item } from './list.ts';
import { entriesOf, words } from './parsers.ts';
import { parsed, rejected, shown, type Parser } from './parsed.ts';

const hostLabel = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** [rfc1035] 2.3.4 */
export const longestHost = 253;

/** What a client appends to the name, and HAProxy takes off again before it looks for the host. */
const port = /:\d{1,5}$/;

function host(item: string): Item<Host> {
  const bare = item.replace(port, '');
  const name = bare.toLowerCase().replace(/\.$/, '');
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.');
  if (name.length > longestHost || !labels.every((label) => hostLabel.test(label))) {
    const remedy =
      'write names like www.example.com or *.example.com, with commas between (others in their xn-- form)';
    return { wrong: { item, reason: `${shown(item)} is not a host name`, remedy } };
  }
  if (bare === item) return { value: name as Host };
  const reason = `${shown(item)} is a host with a port, and leads here on every port`;
  const remedy = `write ${name}; HAPROXY_<n>_PORT sets a port`;
  return { value: name as Host, odd: { item, reason, remedy } };
}

/** A comma list of host names, lower-cased, each once; `*.example.com` stands for any one label. */
export const hosts: Parser<readonly Host[]> = (text) => readList(entriesOf(text).map(host));

/** A command of the runtime socket holds it, with the rest of its line. */
export const longestPath = 2048;

/** The arguments of HAProxy's `path_beg`: the beginnings, and whether case counts. */
export interface PathBeginnings {
  readonly paths: readonly string[];
  readonly ignoreCase: boolean;
}

export const pathBeginnings: Parser<PathBeginnings> = (text) => {
  const remedy = 'write paths that begin with /, with blanks between, and -i before them to ignore case';
  const all = words(text);
  // A flag says how the others are meant, so they cannot be read without it.
  const flag = all.find((word) => word.startsWith('-') && word !== '-i');
  if (flag !== undefined) return rejected(`the flag ${shown(flag)} is not allowed here`, remedy);
  const items = all.filter((word) => word !== '-i');
  if (items.length === 0) return rejected('no path is named', remedy);
  const paths = readList(items.map((item) => pathItem(item, remedy)));
  return paths.ok ? parsed({ paths: paths.value, ignoreCase: all.includes('-i') }, paths.items) : paths;
};

function pathItem(item: string, remedy: string): Item<string> {
  if (!/^\/[\x21-\x7e]*$/.test(item))
    return { wrong: { item, reason: `${shown(item)} is not the beginning of a path`, remedy } };
  if (item.length <= longestPath) return { value: item };
  const reason = `${shown(item)} has ${item.length} characters`;
  return { wrong: { item, reason, remedy: `write at most ${longestPath}` } };
}

export const pathType: Parser<PathType> = (text) => {
  const value = text.trim().toLowerCase();
  return value === 'begin' || value === 'prefix' || value === 'exact'
    ? parsed(value)
    : rejected(`${shown(text)} is not a kind of path`, 'write begin, prefix (whole segments) or exact');
};
