/** From marathon-lb's command line and environment to Pacer's settings, and to what will differ. */
import { isTemplateName } from '../core/model/template-names.ts';
import { marathonLbVariables } from '../settings/marathon-lb.ts';
import { differences, type Difference } from '../settings/marathon-lb-differences.ts';
import { marathonLbFlags } from '../settings/marathon-lb-flags.ts';
import type { SettingSpec } from '../settings/spec.ts';
import { settingKeys, settingsTable, type SettingKey } from '../settings/table.ts';
import type { CommandLine } from './command-line.ts';

export interface MigrationInput {
  readonly commandLine: CommandLine;
  readonly environment: ReadonlyMap<string, string>;
  /** The directory of templates, if there is one. */
  readonly templates?: string | undefined;
}

/** A remark on one flag or variable that was given. */
export interface Remark {
  /** As it was given: `--sse`, `POLL_INTERVAL`. */
  readonly about: string;
  readonly text: string;
  /** True where something is to be done by hand. */
  readonly attention: boolean;
}

export interface MigrationPlan {
  readonly mode: 'sse' | 'poll';
  /** Flag → value, for the settings file. No secrets. */
  readonly settings: ReadonlyMap<string, string | number | boolean | readonly string[]>;
  /** Words of the command that does the same. */
  readonly command: readonly string[];
  /** Variables that stay in the environment: secrets, certificates, templates. */
  readonly environment: readonly string[];
  readonly remarks: readonly Remark[];
  /** What is different on purpose, those first that concern a flag that was given. */
  readonly differences: readonly Difference[];
}

type Written = string | number | boolean | readonly string[];

export function planMigration({ commandLine, environment, templates }: MigrationInput): MigrationPlan {
  const mode = commandLine.mode ?? 'sse';
  const settings = new Map<string, Written>();
  const remarks: Remark[] = commandLine.problems.map((text) => ({
    about: 'the command line',
    text,
    attention: true,
  }));
  const stays: string[] = [];
  // Flags win over variables, as they do when Pacer reads both.
  for (const [name, value] of environment) fromVariable(name, value);
  for (const { flag, values } of commandLine.flags) fromFlag(flag, values);
  if (mode === 'poll') settings.set('poll', true);
  if (templates !== undefined) settings.set('templates', templates);
  if (!settings.has('group')) {
    const text = 'no group is given, and without one nothing is exposed; marathon-lb requires it too';
    remarks.push({ about: '--group', text, attention: true });
  }
  const given = new Set(commandLine.flags.map(({ flag }) => flag));
  const concerns = ({ flag }: Difference) => flag !== undefined && given.has(flag);
  return {
    mode,
    settings,
    command: [
      ...['pacer', mode, ...commandLine.flags.flatMap(commandWords)],
      ...(templates === undefined ? [] : ['--templates', templates]),
    ],
    environment: stays,
    remarks,
    differences: [...differences.filter(concerns), ...differences.filter((it) => !concerns(it))],
  };

  function fromVariable(name: string, value: string): void {
    if (value === '') return;
    const key = settingKeys.find((it) => (settingsTable[it] as SettingSpec).environment === name);
    if (key !== undefined && !isSecret(key)) {
      const { flag } = settingsTable[key];
      const text = `is ${flag} in this file; where the variable stays, Pacer reads it too`;
      settings.set(flag, writtenValue(key, [value]));
      remarks.push({ about: name, text, attention: false });
      return;
    }
    if (isTemplateName(name.replace(/^HAPROXY_/, ''))) {
      stays.push(name);
      return;
    }
    const variable = marathonLbVariables().find((it) => namesOf(it.name).includes(name));
    if (variable === undefined) return;
    const { doc, needed = true } = variable;
    if (needed) stays.push(name);
    remarks.push({ about: name, text: needed ? `stays in the environment: ${doc}` : doc, attention: false });
  }

  function fromFlag(flag: string, values: readonly string[]): void {
    const key = settingKeys.find((it) => settingsTable[it].flag === flag);
    const { differs } = marathonLbFlags.find((it) => it.flag === flag) ?? {};
    const about = `--${flag}`;
    if (key === undefined) return;
    const { withoutEffect }: SettingSpec = settingsTable[key];
    if (withoutEffect !== undefined) {
      remarks.push({ about, text: `not needed: ${withoutEffect}`, attention: false });
      return;
    }
    if (differs !== undefined) remarks.push({ about, text: differs, attention: false });
    if (isSecret(key)) {
      stays.push(`PACER_${flag.toUpperCase().replaceAll('-', '_')}`);
      return;
    }
    const before = settings.get(flag);
    const value = writtenValue(key, values);
    settings.set(
      flag,
      Array.isArray(value) && Array.isArray(before) ? [...listOf(before), ...listOf(value)] : value,
    );
  }
}

const listOf = (value: Written): readonly string[] => (Array.isArray(value) ? (value as string[]) : []);

const isSecret = (key: SettingKey): boolean => (settingsTable[key] as SettingSpec).secret === true;

/** `HAPROXY_SSL_CERT, HAPROXY_SSL_CERT0 ... HAPROXY_SSL_CERT100` → all of them. */
function namesOf(text: string): string[] {
  return text.split(', ').flatMap((part) => {
    const range = /^(\w+?)(\d+) \.\.\. \1(\d+)$/.exec(part);
    if (range === null) return [part];
    const [, stem = '', first, last] = range;
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => `${stem}${Number(first) + i}`);
  });
}

/** As YAML is to show it: lists where the setting takes several, numbers and booleans as such. */
function writtenValue(key: SettingKey, values: readonly string[]): Written {
  const { argument, schema }: SettingSpec = settingsTable[key];
  if (argument === undefined) return true;
  if (argument.endsWith('...')) {
    return values
      .flatMap((value) => value.split(','))
      .map((value) => value.trim())
      .filter((value) => value !== '');
  }
  const [value = ''] = values;
  const parsed = schema.safeParse(value);
  return parsed.success && typeof parsed.data === 'number' ? parsed.data : value;
}

function commandWords({ flag, values }: { flag: string; values: readonly string[] }): string[] {
  const key = settingKeys.find((it) => settingsTable[it].flag === flag);
  // A secret does not belong on a command line, nor in the output of this one.
  if (key === undefined || isSecret(key)) return [];
  return [`--${flag}`, ...values];
}
