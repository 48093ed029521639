/**
 * Loads settings from their sources: flag > environment > file > default. Reports all wrong values at once, each with
 * its source. An unknown key is an error that names the nearest known one.
 */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { nearest } from '../core/collections/nearest.ts';
import { messageOf, PacerError } from '../errors.ts';
import { sigtermDelay, userAndPassword } from './marathon-lb.ts';
import type { SettingSpec } from './spec.ts';
import { environmentName, settingKeys, settingsTable, type SettingKey, type SettingValues } from './table.ts';

/** Where settings come from. */
export interface SettingSources {
  /** By key of the settings table, as given on the command line. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the YAML file. */
  readonly file: string | undefined;
  /** The folder of marathon-lb's image; `/marathon-lb` unless told. */
  readonly marathonLb?: string;
}

interface Given {
  readonly value: unknown;
  /** As the user wrote it: `--http-port`, `PACER_HTTP_PORT`, `http-port in pacer.yaml`. */
  readonly source: string;
}

/** The settings, with their sources. */
export interface LoadedSettings {
  readonly values: SettingValues;
  /** Settings that were given but have no effect, with the reason. */
  readonly notices: readonly string[];
  /** `clusters` of the settings file, not parsed yet. */
  readonly clusters: unknown;
  /** The source of each setting that was given. */
  readonly sources: ReadonlyMap<SettingKey, string>;
}

/** Loads all settings. @throws PacerError FILE_UNREADABLE, FILE_MALFORMED, SETTINGS_INVALID, SETTINGS_UNKNOWN_KEY */
export function loadSettings(sources: SettingSources): LoadedSettings {
  const file = sources.file ?? sources.environment['PACER_CONFIG'];
  const content = file === undefined ? undefined : readSettingsFile(file);
  const given = new Map<SettingKey, Given>([
    ...(file === undefined || content === undefined ? [] : fromFile(file, content)),
    ...fromEnvironment(sources.environment),
    ...fromFlags(sources.flags),
  ]);
  const wrong: string[] = [];
  const notices: string[] = [];
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of settingKeys) {
    const spec: SettingSpec = settingsTable[key];
    const written = given.get(key);
    const raw = written === undefined ? spec.default : written.value;
    if (raw === undefined) continue;
    const result = spec.schema.safeParse(raw);
    if (result.success) {
      values[key] = result.data;
      if (written !== undefined && spec.withoutEffect !== undefined)
        notices.push(`${written.source}: ${spec.withoutEffect}`);
      if (written?.source === `--${spec.flag}` && spec.secret === true)
        notices.push(`--${spec.flag}: everyone on this machine can read the flags of a process`);
    } else {
      const value = spec.secret === true ? '' : ` ${withoutPasswords(JSON.stringify(raw))}`;
      wrong.push(
        `${written?.source ?? key}${value}: ${result.error.issues.map(({ message }) => message).join(', ')}`,
      );
    }
  }
  if (wrong.length > 0) {
    throw new PacerError('SETTINGS_INVALID', wrong.join('\n'), 'see `pacer run --help`');
  }
  return {
    values: values as SettingValues,
    notices,
    clusters: content?.['clusters'],
    sources: new Map([...given].map(([key, { source }]) => [key, source])),
  };
}

function fromFlags(flags: Readonly<Record<string, unknown>>): [SettingKey, Given][] {
  return settingKeys
    .filter((key) => flags[key] !== undefined)
    .map((key) => [key, { value: flags[key], source: `--${settingsTable[key].flag}` }]);
}

/** Variables that other commands read, and the one with the path of the settings file. */
const noSettings = new Set(['PACER_CONFIG', 'PACER_STATUS', 'PACER_TOKEN_FILE']);

function fromEnvironment(environment: SettingSources['environment']): [SettingKey, Given][] {
  const known = new Map(settingKeys.map((key) => [environmentName(settingsTable[key]), key]));
  const found = fromOtherNames(environment);
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('PACER_') || noSettings.has(name) || value === undefined) continue;
    const key = known.get(name);
    if (key === undefined) throw unknownKey(name, 'environment variable', known.keys());
    found.push([key, { value, source: name }]);
  }
  return found;
}

/** An empty variable counts as not set, because images set them all. */
function fromOtherNames(environment: SettingSources['environment']): [SettingKey, Given][] {
  const auth = userAndPassword(environment);
  const found: [SettingKey, Given][] =
    auth === undefined ? [] : [['auth', { value: auth, source: 'MARATHON_USER and MARATHON_PASSWORD' }]];
  const named = settingKeys.flatMap((key): [SettingKey, Given][] => {
    const { environment: name }: SettingSpec = settingsTable[key];
    const value = name === undefined ? undefined : environment[name];
    return name === undefined || value === undefined || value === '' ? [] : [[key, { value, source: name }]];
  });
  const delay = sigtermDelay.read(environment[sigtermDelay.name] ?? '');
  if (delay !== undefined) named.push(['hardStopAfter', { value: delay, source: sigtermDelay.name }]);
  return [...found, ...named];
}

function readSettingsFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PacerError(
      'FILE_UNREADABLE',
      `settings file ${path}: ${messageOf(error)}`,
      'check the path given with --config',
    );
  }
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) {
    throw new PacerError(
      'FILE_MALFORMED',
      `settings file ${path}: ${problem.message}`,
      'write it as YAML, one setting a line: `http-port: 8080`',
    );
  }
  const content: unknown = (document.toJS() as unknown) ?? {};
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new PacerError(
      'FILE_MALFORMED',
      `settings file ${path} is not a mapping`,
      'write one setting a line: `http-port: 8080`',
    );
  }
  return content as Record<string, unknown>;
}

function fromFile(path: string, content: Readonly<Record<string, unknown>>): [SettingKey, Given][] {
  const known = new Map<string, SettingKey>(settingKeys.map((key) => [settingsTable[key].flag, key]));
  return Object.entries(content)
    .filter(([name]) => name !== 'clusters')
    .map(([name, value]) => {
      const key = known.get(name);
      if (key === undefined) throw unknownKey(name, `key in ${path}`, known.keys());
      return [key, { value, source: `${name} in ${path}` }];
    });
}

function unknownKey(name: string, what: string, known: Iterable<string>): PacerError {
  const guess = nearest(name, known);
  const remedy = guess === undefined ? 'see `pacer run --help` for all settings' : `did you mean ${guess}?`;
  return new PacerError('SETTINGS_UNKNOWN_KEY', `${name} is not a known ${what}`, remedy);
}

/** Removes passwords from URLs. */
const withoutPasswords = (text: string): string => text.replace(/(:\/\/)[^\s/@"]+@/g, '$1***@');
