/** The settings table as options of a command. */
import { Option, type Command } from 'commander';
import type { SettingSpec } from '../settings/spec.ts';
import { settingKeys, settingsTable } from '../settings/table.ts';

export function addSettings(command: Command): Command {
  command.option('--config <file>', 'settings as YAML; see below');
  for (const key of settingKeys) {
    const spec: SettingSpec = settingsTable[key];
    const short = spec.short === undefined ? '' : `-${spec.short}, `;
    const option = new Option(`${short}--${spec.flag}${placeholder(spec)}`, description(spec));
    option.attributeName = () => key;
    if (spec.withoutEffect !== undefined) option.hideHelp();
    command.addOption(option);
  }
  return command;
}

function placeholder({ argument }: SettingSpec): string {
  if (argument === undefined) return '';
  return ` <${argument}>`;
}

function description(spec: SettingSpec): string {
  const known =
    spec.default === undefined || spec.default === '' || spec.default === false
      ? ''
      : ` (default: ${String(spec.default)})`;
  return `${spec.doc}${known}`;
}
