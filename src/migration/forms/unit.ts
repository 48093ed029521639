/** A unit of systemd. [systemd] systemd.service(5), systemd.exec(5) */
import { readCommand, readText, isHousekeeping } from './command.ts';
import type { Invocation, Unknowns } from './invocation.ts';
import { readScript } from './shell.ts';

export const isUnit = (text: string): boolean => /^\s*\[(?:Unit|Service)\]\s*$/m.test(text);

interface Entry {
  readonly key: string;
  readonly value: string;
}

export function readUnit(text: string, into: Invocation, unknowns: Unknowns): void {
  const entries = entriesOf(text).map(({ key, value }) => ({ key, value: specifiers(value, unknowns) }));
  const valuesOf = (name: string) => entries.filter(({ key }) => key === name).map(({ value }) => value);
  const variables = new Map<string, string>();
  for (const value of valuesOf('Environment')) {
    for (const word of readScript(value, unknowns).commands.flat()) {
      const at = word.indexOf('=');
      if (at > 0) variables.set(word.slice(0, at), word.slice(at + 1));
    }
  }
  const starts = valuesOf('ExecStart').map((value) => value.replace(/^[-@:+!]+/, ''));
  const start = starts.at(-1) ?? '';
  const before = into.problems.length;
  readText(start, into, unknowns, new Map(variables));
  if (start === '') into.problems.push('the unit has no ExecStart');
  for (const other of starts.slice(0, -1)) into.problems.push(`ExecStart=${other} is left out`);
  takeEnvironment(variables, valuesOf('EnvironmentFile'), into);
  for (const { key, value } of entries) {
    if (handled.has(key)) continue;
    const isCommand = key.startsWith('Exec');
    const commands = isCommand ? readScript(value.replace(/^[-@:+!]+/, ''), unknowns).commands : [];
    if (isCommand && !commands.every(isHousekeeping))
      into.problems.push(`${key}=${value} runs something of your own; keep it where Pacer needs it`);
    else into.kept.push(`${key}=${value}`);
  }
  if (into.problems.length === before && into.words.length === 0 && !into.isContainer && start !== '')
    readCommand([start], into, unknowns);
}

const handled = new Set(['Environment', 'EnvironmentFile', 'ExecStart']);

/** A container sees none of the unit's variables unless they are handed on; a program of its own sees all. */
function takeEnvironment(
  variables: ReadonlyMap<string, string>,
  files: readonly string[],
  into: Invocation,
): void {
  if (!into.isContainer) {
    for (const [name, value] of variables) into.environment.set(name, value);
    into.environmentFiles.push(...files.map((file) => file.replace(/^-/, '')));
    return;
  }
  const known = into.passed.filter((name) => variables.has(name));
  for (const name of known) into.environment.set(name, variables.get(name) ?? '');
  into.passed.splice(0, Infinity, ...into.passed.filter((name) => !variables.has(name)));
  into.kept.push(...[...variables.keys()].map((name) => `Environment=${name}`));
  into.kept.push(...files.map((file) => `EnvironmentFile=${file}`));
}

function entriesOf(text: string): Entry[] {
  return text
    .replace(/\\\r?\n(?:\s*[#;].*\r?\n)*/g, ' ')
    .split(/\r?\n/)
    .flatMap((line): Entry[] => {
      const [, key, value] = /^\s*([A-Za-z]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return key === undefined || value === undefined || value === '' ? [] : [{ key, value }];
    });
}

/** `%n`, `%H`; `%%` is a percent sign. */
const specifiers = (value: string, unknowns: Unknowns): string =>
  value.replace(/%(.)/g, (all, letter: string) =>
    letter === '%' ? '%' : /[A-Za-z]/.test(letter) ? unknowns.mark(all) : all,
  );
