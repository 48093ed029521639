/** marathon-lb's command line, as its users have it: in a script, for docker, or as the arguments of its app. */
import { parse } from 'shell-quote';
import { nearest } from '../core/collections/nearest.ts';
import { marathonLbFlags, type MarathonLbFlag } from '../settings/marathon-lb-flags.ts';

export interface GivenFlag {
  readonly flag: string;
  readonly values: readonly string[];
}

export interface CommandLine {
  readonly mode: 'sse' | 'poll' | undefined;
  readonly flags: readonly GivenFlag[];
  /** Given with `docker run --env`. */
  readonly environment: ReadonlyMap<string, string>;
  /** Files of `docker run --env-file`. */
  readonly environmentFiles: readonly string[];
  /** What cannot be read, one sentence each. */
  readonly problems: readonly string[];
}

/** Takes whole commands (`docker run ... sse ...`, `/marathon-lb/run sse ...`) and the flags alone. */
export function readCommandLine(text: string): CommandLine {
  const problems: string[] = [];
  const words = wordsOf(text, problems);
  const environment = new Map<string, string>();
  const environmentFiles: string[] = [];
  let rest = words;
  // VAR=value before the command, as in a script.
  for (let word = rest[0]; word !== undefined; word = rest[0]) {
    const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
    if (assignment?.[1] === undefined) break;
    environment.set(assignment[1], assignment[2] ?? '');
    rest = rest.slice(1);
  }
  const start = rest.findIndex((word) => programName.test(word));
  const docker = start < 0 ? [] : rest.slice(0, start);
  takeDocker(docker, environment, environmentFiles);
  if (start >= 0) rest = rest.slice(start + 1);
  if (rest[0] === 'run' || rest[0]?.endsWith('/run') === true) rest = rest.slice(1);
  const [first] = rest;
  const mode = first === 'sse' || first === 'poll' ? first : undefined;
  const flags = readFlags(mode === undefined ? rest : rest.slice(1), problems);
  return { mode, flags, environment, environmentFiles, problems };
}

/** The image, or the program: what follows is for marathon-lb. */
const programName = /(?:^|\/)marathon-lb(?:[:@][^/]*)?$|(?:^|\/)marathon_lb\.py$|^\/marathon-lb\/run$/;

/** A JSON array, as in an app's `args`, or words of a shell. */
function wordsOf(text: string, problems: string[]): string[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(trimmed);
      if (Array.isArray(list) && list.every((it) => typeof it === 'string')) return list;
    } catch {
      // Not JSON, so words.
    }
  }
  // Variables stay as they are written: their values are not known here.
  return parse(trimmed.replace(/\\\r?\n/g, ' '), (name) => `\${${name}}`).flatMap((entry) => {
    if (typeof entry === 'string') return [entry];
    // `*` alone is the group of everything, not a pattern for files.
    if ('pattern' in entry) return [entry.pattern];
    if ('op' in entry) problems.push(`\`${entry.op}\` of the shell is left out`);
    return [];
  });
}

function takeDocker(words: readonly string[], environment: Map<string, string>, files: string[]): void {
  for (const [i, word] of words.entries()) {
    const joined = /^(?:--env=|-e=?)(\w+)=(.*)$/s.exec(word);
    const file = /^--env-file=(.*)$/.exec(word)?.[1] ?? (word === '--env-file' ? words[i + 1] : undefined);
    const pair =
      joined ??
      (word === '-e' || word === '--env' ? /^()(\w+)=(.*)$/s.exec(words[i + 1] ?? '')?.slice(1) : undefined);
    if (file !== undefined) files.push(file);
    if (pair?.[1] !== undefined) environment.set(pair[1], pair[2] ?? '');
  }
}

function readFlags(words: readonly string[], problems: string[]): GivenFlag[] {
  const given: GivenFlag[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-')) {
      problems.push(`${JSON.stringify(word)} belongs to no flag and is left out`);
      continue;
    }
    const { specs, attached, problem } = specsOf(word);
    if (problem !== undefined) problems.push(problem);
    for (const spec of specs) {
      const values: string[] = [];
      if (spec.values !== 'none' && attached !== undefined) values.push(attached);
      else if (spec.values !== 'none') {
        const most = spec.values === 'one' ? 1 : Infinity;
        // A value may be a negative number or a lone dash, never a flag.
        while (values.length < most && words[i + 1]?.startsWith('-') === false) values.push(words[++i] ?? '');
        if (values.length === 0) problems.push(`--${spec.flag} has no value`);
      }
      given.push({ flag: spec.flag, values });
    }
  }
  return given;
}

interface Found {
  readonly specs: readonly MarathonLbFlag[];
  /** The value in the same word. */
  readonly attached?: string;
  readonly problem?: string;
}

/** As argparse reads a word: whole names, their unique beginnings, `--flag=value`, `-mURL`, `-sH`. */
function specsOf(word: string): Found {
  if (word.startsWith('--')) {
    const [name, attached] = splitOnce(word.slice(2), '=');
    const exact = marathonLbFlags.filter(({ flag }) => flag === name);
    const specs = exact.length > 0 ? exact : marathonLbFlags.filter(({ flag }) => flag.startsWith(name));
    const [only] = specs;
    if (only !== undefined && specs.length === 1)
      return { specs: [only], ...(attached !== undefined && { attached }) };
    const guess = nearest(
      name,
      marathonLbFlags.map(({ flag }) => flag),
    );
    const hint = guess === undefined ? '' : `; did you mean --${guess}?`;
    return { specs: [], problem: `marathon-lb has no flag --${name}${hint}` };
  }
  const specs: MarathonLbFlag[] = [];
  for (let rest = word.slice(1); rest !== ''; rest = rest.slice(1)) {
    const spec = marathonLbFlags.find(({ short }) => short === rest[0]);
    if (spec === undefined) return { specs, problem: `marathon-lb has no flag -${rest[0] ?? ''}` };
    specs.push(spec);
    const attached = rest.slice(1).replace(/^=/, '');
    if (spec.values !== 'none') return { specs, ...(attached !== '' && { attached }) };
  }
  return { specs };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
