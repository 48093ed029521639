/** `--longhelp`: everything that can be said on the command line, in the environment and in labels. */
import { labelRows } from '../../core/labels/reference.ts';
import { marathonLbVariables } from '../../settings/marathon-lb.ts';
import type { SettingSpec } from '../../settings/spec.ts';
import { settingKeys, settingsTable } from '../../settings/table.ts';

/** @param runHelp what `pacer run --help` prints */
export function longHelp(runHelp: string): string {
  return [
    runHelp.trimEnd(),
    '',
    'Flags of marathon-lb that are taken, and need do nothing here:',
    ...withoutEffect(),
    '',
    "Variables of marathon-lb's image (Pacer's own are PACER_ and the flag in capitals):",
    ...marathonLbVariables().flatMap(({ name, flag, doc }) =>
      entry(name, flag === '' ? doc : `--${flag}: ${doc}`),
    ),
    '',
    'Labels of apps ({n} is the index of the port, from 0):',
    ...labelRows().flatMap(({ label, doc, default: fallback }) =>
      entry(label, fallback === '' ? doc : `${doc} (default: ${fallback})`),
    ),
    '',
  ].join('\n');
}

const entry = (name: string, text: string): string[] => [`  ${name}`, `      ${text}`];

function withoutEffect(): string[] {
  return settingKeys.flatMap((key): string[] => {
    const { flag, withoutEffect: why }: SettingSpec = settingsTable[key];
    return why === undefined ? [] : entry(`--${flag}`, why);
  });
}
