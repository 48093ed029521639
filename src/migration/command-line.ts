/** What marathon-lb is told: its mode and its flags, as its users have them, and what surrounds them. */
import { nearest } from '../core/collections/nearest.ts';
import { marathonLbFlags, type MarathonLbFlag } from '../settings/marathon-lb-flags.ts';
import { shown } from './forms/command.ts';
import type { Invocation } from './forms/invocation.ts';
import { readInvocation } from './forms/read.ts';

export interface GivenFlag {
  readonly flag: string;
  readonly values: readonly string[];
}

export interface CommandLine extends Pick<
  Invocation,
  'environmentFiles' | 'environment' | 'passed' | 'mounts' | 'kept' | 'isContainer'
> {
  readonly mode: 'sse' | 'poll' | undefined;
  readonly flags: readonly GivenFlag[];
  /** What cannot be read, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * Takes the flags alone, whole commands (`docker run ... sse ...`, `/marathon-lb/run sse ...`, rkt), apps of Marathon,
 * compose files and units.
 * @param wanted the service of a compose file, or the app, where there are several
 * @throws PacerError FILE_MALFORMED
 */
export function readCommandLine(text: string, wanted?: string): CommandLine {
  const { words, problems: unread, ...besides } = readInvocation(text, wanted);
  const problems = [...unread];
  const [first] = words;
  const mode = first === 'sse' || first === 'poll' ? first : undefined;
  const flags = readFlags(mode === undefined ? words : words.slice(1), problems);
  return { ...besides, mode, flags, problems };
}

function readFlags(words: readonly string[], problems: string[]): GivenFlag[] {
  const given: GivenFlag[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-')) {
      problems.push(`${JSON.stringify(shown([word]))} belongs to no flag and is left out`);
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
