/** The table of settings takes half of a command's start to load, so only commands that take settings pay for it. */
import type { Command } from 'commander';

export interface SettingsHelp {
  readonly addSettings: (command: Command) => Command;
  readonly longHelp: (runHelp: string) => string;
}

const withoutSettings = new Set([
  ...['-h', '--help', '-V', '--version', 'status', 'apps', 'explain', 'diff', 'revisions', 'rollback'],
  ...['approve', 'errors', 'labels', 'simulate', 'demo'],
]);

/** @param words the command line after the program's name */
export async function settingsFor([command]: readonly string[]): Promise<SettingsHelp> {
  if (command === undefined || withoutSettings.has(command)) {
    return { addSettings: (it) => it, longHelp: (it) => it };
  }
  const { addSettings } = await import('./settings-options.ts');
  const { longHelp } = await import('./commands/longhelp.ts');
  return { addSettings, longHelp };
}
