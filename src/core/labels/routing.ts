/** Parsers of the labels that say which requests a service gets: hosts and paths. */
import type { PathType } from '../model/label-values.ts';
import type { Host } from '../model/ids.ts';
import { all, commaList, words } from './parsers.ts';
import { parsed, rejected, shown, type Parsed, type Parser } from './parsed.ts';

const hostLabel = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

function host(text: string): Parsed<Host> {
  const name = text.toLowerCase().replace(/\.$/, '');
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.');
  return name.length <= 253 && labels.every((label) => hostLabel.test(label))
    ? parsed(name as Host)
    : rejected(
        `${shown(text)} is not a host name`,
        'write names like www.example.com or *.example.com, with commas between (others in their xn-- form)',
      );
}

/** A comma list of host names, lower-cased, each once; `*.example.com` stands for any one label. */
export const hosts: Parser<readonly Host[]> = (text) => {
  const names = commaList(text);
  if (!names.ok) return names;
  const result = all(names.value.map(host));
  if (!result.ok) return result;
  if (result.value.length === 0) return rejected('no host is named', 'write a host name, or drop the label');
  return parsed([...new Set(result.value)]);
};

/** The arguments of HAProxy's `path_beg`: the beginnings, and whether case counts. */
export interface PathBeginnings {
  readonly paths: readonly string[];
  readonly ignoreCase: boolean;
}

export const pathBeginnings: Parser<PathBeginnings> = (text) => {
  const remedy = 'write paths that begin with /, with blanks between, and -i before them to ignore case';
  const paths: string[] = [];
  let ignoreCase = false;
  for (const word of words(text)) {
    if (word === '-i') ignoreCase = true;
    else if (word.startsWith('-')) return rejected(`the flag ${shown(word)} is not allowed here`, remedy);
    else if (!/^\/[\x21-\x7e]*$/.test(word))
      return rejected(`${shown(word)} is not the beginning of a path`, remedy);
    else paths.push(word);
  }
  if (paths.length === 0) return rejected('no path is named', remedy);
  return parsed({ paths: [...new Set(paths)], ignoreCase });
};

export const pathType: Parser<PathType> = (text) => {
  const value = text.trim().toLowerCase();
  return value === 'begin' || value === 'prefix' || value === 'exact'
    ? parsed(value)
    : rejected(`${shown(text)} is not a kind of path`, 'write begin, prefix (whole segments) or exact');
};
