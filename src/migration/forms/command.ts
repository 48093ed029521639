/** One command of many words → what marathon-lb is told, through all that stands before it. */
import { readDocker } from './docker.ts';
import type { Invocation, Unknowns } from './invocation.ts';
import { readRkt } from './rkt.ts';
import { assignment, readScript } from './shell.ts';

/** The image, or the program: what follows is for marathon-lb. */
const programName = /(?:^|\/)marathon-lb(?:[:@][^/]*)?$|(?:^|\/)marathon_lb\.py$|^\/marathon-lb\/run$/;

const baseName = (word: string): string => word.replace(/^.*\//, '');

/** They run what follows; behind some of them stand flags of their own. */
const carriers = new Set([
  'sudo',
  'exec',
  'nohup',
  'env',
  'nice',
  'setsid',
  'command',
  'time',
  'stdbuf',
  'timeout',
]);
const inits = new Set(['tini', 'tini-static', 'dumb-init', 'catatonit']);
const shells = new Set(['sh', 'bash', 'dash', 'ash']);
const runners: Readonly<Record<string, typeof readDocker>> = {
  docker: readDocker,
  podman: readDocker,
  nerdctl: readDocker,
  rkt: readRkt,
};

const isTold = (word: string | undefined): boolean =>
  word === undefined || word === 'sse' || word === 'poll' || word.startsWith('-');

const namesIt = (words: readonly string[]): boolean =>
  words.some((word) => /marathon-lb|marathon_lb\.py/.test(word));

/** Whether it starts marathon-lb, as far as words tell. */
const isStart = (words: readonly string[]): boolean =>
  isTold(words[0]) ||
  namesIt(words) ||
  words.some((word, i) => Object.hasOwn(runners, baseName(word)) && words.slice(i).includes('run'));

/** What only prepares or ends: images, old containers, messages. */
export const isHousekeeping = (words: readonly string[]): boolean => {
  const [first = '', ...rest] = words.filter((word) => !carriers.has(baseName(word)));
  const verbs = /^(?:pull|rm|rmi|kill|stop|fetch|gc|login|network|volume)$/;
  return (
    (Object.hasOwn(runners, baseName(first)) && rest.some((word) => verbs.test(word))) ||
    /^(?:set|echo|sleep|true|export|wait)$/.test(baseName(first)) ||
    words.every((word) => assignment.test(word))
  );
};

export function readCommand(given: readonly string[], into: Invocation, unknowns: Unknowns): void {
  let words = [...given];
  for (;;) {
    const [first] = words;
    if (isTold(first) || first === undefined) break;
    const name = baseName(first);
    const assigned = assignment.exec(first);
    if (assigned?.[1] !== undefined) into.environment.set(assigned[1], assigned[2] ?? '');
    else if (Object.hasOwn(runners, name)) {
      const told = runners[name]?.(words.slice(1), into);
      if (told === undefined) into.problems.push(`\`${shown(words)}\` starts nothing that is known`);
      words = [...(told ?? [])];
      continue;
    } else if (shells.has(name) && /^-\w*c$/.test(words[1] ?? '')) {
      readText(words[2] ?? '', into, unknowns);
      return;
    } else if (inits.has(name) || carriers.has(name)) {
      words = behindFlags(words.slice(1));
      continue;
    } else if (!programName.test(first) && name !== 'run' && !/^python[\d.]*$/.test(name)) {
      const at = words.findIndex((word) => programName.test(word) || Object.hasOwn(runners, baseName(word)));
      if (at < 0) break;
      into.problems.push(`\`${shown(words.slice(0, at))}\` before it is left out`);
      words = words.slice(at);
      continue;
    }
    words = words.slice(1);
  }
  into.words.push(...words);
}

/** `-g --`, `-n 5`, `-E`: up to what is run. */
function behindFlags(words: string[]): string[] {
  const end = words.indexOf('--');
  if (end >= 0 && words.slice(0, end).every((word) => word.startsWith('-'))) return words.slice(end + 1);
  return words.slice(words.findIndex((word) => !/^(?:-.*|\d+[smh]?)$/.test(word)));
}

/** Without what may be secret: values of variables, passwords of URLs. */
export const shown = (words: readonly string[]): string =>
  words
    .join(' ')
    .replace(/(?<![\w-])([A-Z_][A-Z0-9_]*=)\S+/g, '$1***')
    .replace(/(:\/\/)[^\s/@]+@/g, '$1***@');

/** Of several commands that which starts marathon-lb. */
export function readText(
  text: string,
  into: Invocation,
  unknowns: Unknowns,
  known = new Map<string, string>(),
): void {
  const { commands, problems } = readScript(text, unknowns, known);
  into.problems.push(...problems);
  const starting = commands.filter((words) => !isHousekeeping(words) && isStart(words));
  // A script may start other things as well.
  const start = starting.find(namesIt) ?? starting[0] ?? commands[0];
  for (const words of commands) {
    if (words === start) continue;
    if (isHousekeeping(words)) into.kept.push(shown(words));
    else into.problems.push(`\`${shown(words)}\` is another command, and is left out`);
  }
  if (start !== undefined) readCommand(start, into, unknowns);
}
