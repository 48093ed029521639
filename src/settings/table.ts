/**
 * The table of settings: flag, kind, default and documentation. Flags, environment variables, keys of the settings file
 * and `--help` are all made from it. Flags that marathon-lb has are spelled the same.
 */
import type { z } from 'zod';
import type { SettingSpec } from './spec.ts';
import { compatibilitySettings } from './table/compatibility.ts';
import { exposureSettings } from './table/exposure.ts';
import { haproxySettings } from './table/haproxy.ts';
import { listenersSettings } from './table/listeners.ts';
import { marathonSettings } from './table/marathon.ts';
import { observeSettings } from './table/observe.ts';
import { statusSettings } from './table/status.ts';
import { templatesSettings } from './table/templates.ts';

/** All settings, by key. */
export const settingsTable = {
  ...marathonSettings,
  ...exposureSettings,
  ...haproxySettings,
  ...listenersSettings,
  ...templatesSettings,
  ...statusSettings,
  ...observeSettings,
  ...compatibilitySettings,
} as const;

/** The key of a setting. */
export type SettingKey = keyof typeof settingsTable;

type Table = typeof settingsTable;
type Written<K extends SettingKey> = z.output<Table[K]['schema']>;

/** Every setting with its value; undefined only if there is no default. */
export type SettingValues = {
  readonly [K in SettingKey]: Table[K] extends { readonly default: unknown }
    ? Written<K>
    : Written<K> | undefined;
};

/** The keys of all settings, in the order of the table. */
export const settingKeys = Object.keys(settingsTable) as SettingKey[];

/** `--http-port` → `PACER_HTTP_PORT`. */
export const environmentName = (spec: SettingSpec): string =>
  `PACER_${spec.flag.toUpperCase().replaceAll('-', '_')}`;
