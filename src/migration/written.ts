/** Values of settings as a file and a command line have them. */
import type { SettingSpec } from '../settings/spec.ts';
import { settingsTable, type SettingKey } from '../settings/table.ts';

export type Written = string | number | boolean | readonly string[];

export const listOf = (value: Written): readonly string[] =>
  Array.isArray(value) ? (value as string[]) : [];

/** As YAML is to show it: lists where the setting takes several, numbers and booleans as such. */
export function writtenValue(key: SettingKey, values: readonly string[]): Written {
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

/** `poll` is the mode. */
export function commandWords(flag: string, value: Written): string[] {
  if (flag === 'poll') return [];
  if (value === true) return [`--${flag}`];
  return [`--${flag}`, ...(Array.isArray(value) ? (value as string[]) : [String(value)])];
}
